"""Training method that trains a small network from random weights, on the pictures alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.bundle import open_runtime
from discern.bundle.onnx_graph import attach_head
from discern.errors import DataError
from discern.features.backbones import OnnxBackbone
from discern.heads import HeadConfig, Negatives
from discern.picture import load_input
from discern.progress import Progress, silent
from discern.splitting import TEST, Split, random_split
from discern.training.data import TrainingData
from discern.training.method_config import SCRATCH, MethodConfig
from discern.training.methods.base import EpochReport, FitResult, report_nothing
from discern.training.methods.given_parts import given_parts
from discern.training.methods.torch_calibration import CalibratedHead, Unseen, calibrate_head
from discern.training.methods.torch_loop import History, Loop, LoopData, predict
from discern.training.methods.torch_network import (
    BLOCKS,
    build_network,
    count_parameters,
    linear_weights,
    to_backbone,
)
from discern.training.methods.torch_parts import FitParts, hold_out
from discern.training.methods.torch_pictures import ReducedPictures, load_reduced
from discern.training.predictions import HeldOutPredictions, NegativePredictions, Predictions, ScoredPredictions

if TYPE_CHECKING:
    import torch

_WHY = "It was asked for with --method scratch."
_SPANS = tuple(BLOCKS.values())
_LARGEST_DIFFERENCE = 1e-4  # of the exported network from the trained one, relative; not tuned
_COMPARED = 8


@dataclass(frozen=True, kw_only=True)
class Scratch:
    """Training method that trains a small network from random weights.

    Each fit holds out a fold: half of its groups choose the epoch, the other half calibrates.

    Attributes:
        config: settings of the method.
        head: settings of the head.
        seed: random seed.
    """

    config: MethodConfig
    head: HeadConfig
    seed: int = 0

    def fit(self, data: TrainingData, split: Split, *, checkpoints: Path, progress: Progress = silent) -> FitResult:
        """Train a network and predict all held-out pictures, as `Method.fit` specifies."""
        result = _Fits(self, data, split, checkpoints, progress).result()
        for path in checkpoints.glob("*.pt"):
            path.unlink()
        return result

    def predict_folds(
        self, data: TrainingData, split: Split, *, checkpoints: Path, report: EpochReport = report_nothing
    ) -> Iterator[Predictions]:
        """Predict the held-out folds of the training part, as `Method.predict_folds` specifies."""
        fits = _Fits(self, data, split, checkpoints, silent, report=report)
        return (fits.predict_fold(number) for number in split.held_out)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fitted:
    network: "torch.nn.ModuleDict"
    parts: FitParts
    history: History
    calibrated: CalibratedHead


class _Fits:
    """All fits of one run: the final network, and those that measure it."""

    def __init__(
        self,
        method: Scratch,
        data: TrainingData,
        split: Split,
        checkpoints: Path,
        progress: Progress,
        *,
        report: EpochReport = report_nothing,
    ) -> None:
        self._method, self._data, self._split = method, data, split
        self._checkpoints, self._progress, self._report = checkpoints, progress, report
        self._labels = data.catalog.label_index.astype(np.int64)
        rows = np.flatnonzero(data.position >= 0)
        self._place = np.full(len(data.catalog), -1)
        self._place[rows] = np.arange(len(rows))
        self._pictures = load_reduced(data.catalog, rows, data.recipe, progress)
        self._negative_pictures = _load_negatives(data, progress)

    def result(self) -> FitResult:
        data, split = self._data, self._split
        final = self._fit("final", hold_out(split, self._labels, TEST, seed=self._method.seed), with_negatives=True)
        held_out = self._predict(final, np.flatnonzero(split.test)) if split.test.any() else self._cross_validate()
        backbone = to_backbone(final.network, size=data.recipe.size, factor=self._pictures.factor)
        self._compare(backbone, final)
        head = final.calibrated
        return FitResult(
            graph=attach_head(backbone.graph, head.head, head.unknown, blocks=BLOCKS),
            temperature=head.temperature,
            t_unknown=head.t_unknown,
            description=head.description | {"method": self._describe(final)},
            unknown={**head.description["unknown"], "threshold": head.t_unknown, "bytes": head.unknown.nbytes},
            train_rows=final.parts.all_rows,
            held_out=held_out,
            out_of_fold=_out_of_fold(final),
            random_split=self._predict_random_split(),
            given_split=self._predict_given_split(final, held_out),
            negatives=self._predict_negatives(final),
            backbone=backbone,
        )

    def _fit(self, name: str, parts: FitParts, *, with_negatives: bool = False) -> _Fitted:
        import torch

        method, settings = self._method, self._method.config.resolved()
        if len(np.unique(self._labels[parts.train])) < 2:
            raise DataError(
                "The pictures left to train on have one label: a network also needs groups that it does not train on.",
                hint="Add pictures of other scenes, or use --method probe.",
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(method.seed)
            network = build_network(len(self._data.catalog.labels))
        loop = Loop(
            network,
            self._loop_data(parts),
            **settings,
            seed=method.seed,
            checkpoint=self._checkpoints / f"{name}.pt",
            report=self._report,
        )
        history = loop.run(partial(self._progress, "fit"))
        return _Fitted(
            network=network,
            parts=parts,
            history=history,
            calibrated=self._calibrate(network, parts, with_negatives=with_negatives),
        )

    def _loop_data(self, parts: FitParts) -> LoopData:
        weights = np.zeros(len(self._pictures))
        for rows in (parts.train, parts.stop):
            weights[self._place[rows]] = self._data.training_weights(rows, self._split.group[rows])
        labels = self._labels[self._data.position >= 0]
        train, stop = self._place[parts.train], self._place[parts.stop]
        return LoopData(pictures=self._pictures, labels=labels, weights=weights, train=train, stop=stop)

    def _calibrate(self, network: "torch.nn.ModuleDict", parts: FitParts, *, with_negatives: bool) -> CalibratedHead:
        rows, catalog = parts.unseen, self._data.catalog
        features, _ = predict(network, self._pictures, self._place[rows])
        unseen = Unseen(
            features=features,
            labels=self._labels[rows],
            groups=self._split.group[rows],
            weights=self._data.training_weights(rows, self._split.group[rows]),
            fresh=np.arange(len(rows)) >= len(parts.stop),
        )
        trained = np.isin(np.arange(len(catalog.labels)), self._labels[parts.train])
        negatives = self._embed_negatives(network) if with_negatives else None
        weight, bias = linear_weights(network)
        config, seed = self._method.head, self._method.seed
        return calibrate_head(
            weight, bias, trained, unseen, spans=_SPANS, negatives=negatives, config=config, seed=seed
        )

    def _embed_negatives(self, network: "torch.nn.ModuleDict") -> Negatives | None:
        if self._negative_pictures is None or self._data.negatives is None:
            return None
        pictures = self._negative_pictures
        features, _ = predict(network, pictures, np.arange(len(pictures)))
        return Negatives(features=features, groups=self._data.negatives.groups)

    def _predict(self, fitted: _Fitted, rows: np.ndarray) -> HeldOutPredictions:
        features, _ = predict(fitted.network, self._pictures, self._place[rows])
        head = fitted.calibrated
        return HeldOutPredictions(
            rows=rows,
            probabilities=head.head.probabilities(features),
            uncalibrated=head.head.uncalibrated(features, head.temperature),
            unknown_score=head.unknown.score(features, head.head.logits(features)),
            t_unknown=np.full(len(rows), head.t_unknown),
        )

    def _cross_validate(self) -> HeldOutPredictions:
        answers = [self.predict_fold(number) for number in self._split.held_out]
        names = HeldOutPredictions.__dataclass_fields__
        joined = {name: np.concatenate([getattr(each, name) for each in answers]) for name in names}
        order = np.argsort(joined["rows"])
        return HeldOutPredictions(**{name: values[order] for name, values in joined.items()})

    def predict_fold(self, number: int) -> HeldOutPredictions:
        """Predict a fold by a network that was trained, stopped and calibrated without it."""
        parts = hold_out(self._split, self._labels, number, seed=self._method.seed)
        return self._predict(self._fit(f"fold-{number}", parts), self._split.held_out_rows(number))

    def _predict_random_split(self) -> Predictions:
        """Predict one fold of a random split, since each costs a training."""
        random = random_split(self._data.catalog, self._split, seed=self._method.seed)
        number = random.held_out[0]
        fitted = self._fit("random", hold_out(random, self._labels, number, seed=self._method.seed))
        return self._predict(fitted, random.held_out_rows(number))

    def _predict_given_split(self, final: _Fitted, held_out: HeldOutPredictions) -> Predictions | None:
        """Predict the given test part by a network trained on the given training part, leaks included.

        Without leaks that is the final network.
        """
        given = given_parts(self._data, self._split)
        if given is None:
            return None
        rows, test, leaks = given
        if not len(leaks) and np.array_equal(test, held_out.rows) and self._split.test.any():
            return Predictions(rows=test, probabilities=held_out.probabilities)
        unseen = np.intersect1d(final.parts.unseen, rows)
        parts = replace(
            final.parts,
            train=np.setdiff1d(rows, unseen),
            stop=np.intersect1d(final.parts.stop, rows),
            fresh=np.intersect1d(final.parts.fresh, rows),
        )
        return self._predict(self._fit("given", parts), test)

    def _predict_negatives(self, final: _Fitted) -> NegativePredictions | None:
        negatives, excess = self._embed_negatives(final.network), final.calibrated.negative_excess
        if negatives is None or excess is None:
            return None
        probabilities = final.calibrated.head.probabilities(np.asarray(negatives.features))
        return NegativePredictions(
            confidence=probabilities.max(axis=1), label=probabilities.argmax(axis=1), excess=excess
        )

    def _compare(self, backbone: OnnxBackbone, final: _Fitted) -> None:
        """Raise DataError if the exported network differs from the trained one on pictures of the set."""
        rows = final.parts.train[:_COMPARED]
        expected, _ = predict(final.network, self._pictures, self._place[rows])
        pixels = np.stack([load_input(self._data.catalog.read_one(int(row)), self._data.recipe) for row in rows])
        found = open_runtime(backbone.graph, threads=1).run({"pixels": pixels})["embedding"]
        difference = np.abs(found - expected).max() / max(np.abs(expected).max(), np.finfo(np.float32).tiny)
        if not difference <= _LARGEST_DIFFERENCE:
            raise DataError(
                f"The exported network differs from the trained one by {difference:.1e} of its largest value.",
                hint=f"At most {_LARGEST_DIFFERENCE:g} is accepted; train again with a lower --lr.",
            )

    def _describe(self, final: _Fitted) -> dict[str, Any]:
        parts = final.parts
        return {
            "name": SCRATCH,
            "why": _WHY,
            "epochs": len(final.history.stop_loss),
            "best_epoch": final.history.best_epoch,
            "parameters": count_parameters(final.network),
            "settings": self._method.config.resolved(),
            "pictures": {"train": len(parts.train), "stop": len(parts.stop), "calibrate": len(parts.fresh)},
            "loss": {"train": final.history.train_loss, "held_out": final.history.stop_loss},
        }


def _out_of_fold(final: _Fitted) -> ScoredPredictions:
    """Return the answers to fresh pictures, which the final network was neither trained nor chosen on."""
    start, head = len(final.parts.stop), final.calibrated
    return ScoredPredictions(
        rows=final.parts.fresh,
        probabilities=head.fresh_probabilities,
        unknown_score=head.unknown_score[start:],
        t_unknown=np.full(len(final.parts.fresh), head.t_unknown),
    )


def _load_negatives(data: TrainingData, progress: Progress) -> ReducedPictures | None:
    loaded = [load_reduced(each.catalog, each.rows, data.recipe, progress) for each in data.negative_pictures]
    if not loaded:
        return None
    sums, seeds = (np.concatenate([getattr(each, name) for each in loaded]) for name in ("sums", "seeds"))
    return ReducedPictures(sums=sums, factor=loaded[0].factor, seeds=seeds)
