"""All fits of a method that trains networks: the final network, and those that measure it.

This module imports torch.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from discern.bundle.onnx_graph import attach_head
from discern.catalog import Catalog
from discern.errors import DataError
from discern.features.backbones import OnnxBackbone
from discern.heads import HeadConfig, Negatives
from discern.picture import Recipe
from discern.progress import Progress, note, silent
from discern.splitting import TEST, Split, random_split
from discern.training.data import TrainingData
from discern.training.method_config import MethodConfig
from discern.training.methods.base import EpochReport, FitResult, report_nothing
from discern.training.methods.given_parts import given_parts
from discern.training.methods.graph_outputs import run_graph
from discern.training.methods.loop.loop_config import LoopConfig
from discern.training.methods.loop.loop_data import History, LoopData
from discern.training.methods.loop.torch_device import choose_device
from discern.training.methods.loop.torch_loop import Loop, predict
from discern.training.methods.loop.torch_pictures import Pictures
from discern.training.methods.networks.torch_network import TrainableNetwork
from discern.training.methods.torch_calibration import CalibratedHead, Unseen, calibrate_head
from discern.training.methods.torch_parts import FitParts, hold_out
from discern.training.predictions import HeldOutPredictions, NegativePredictions, Predictions, ScoredPredictions

_LARGEST_DIFFERENCE = 1e-4  # of the exported network from the trained one, relative; not tuned
_COMPARED = 8
# Pictures of a step that pass the network together have at most these pixels: lite0 takes 2 GB for them. Not tuned.
_MOST_PIXELS = 32 * 224**2
PICTURES = "pictures.raw"


@dataclass(frozen=True, kw_only=True)
class NetworkMethod(ABC):
    """Training method that trains a network of torch.

    Each fit holds out a fold: half of its groups choose the epoch, the other half calibrates. All predictions are made
    by the exported graph.

    Attributes:
        config: settings of the method.
        head: settings of the head.
        seed: random seed.
        why: sentence on the choice of the method.
    """

    keep_start: ClassVar[bool] = False
    """Whether the first weights are a candidate."""

    config: MethodConfig
    head: HeadConfig
    seed: int = 0
    why: str = ""

    @property
    def loop_settings(self) -> Mapping[str, Any]:
        """Return the settings of the training loop, among others."""
        return self.config.resolved()

    @abstractmethod
    def load_pictures(
        self, catalog: Catalog, rows: np.ndarray, recipe: Recipe, path: Path, progress: Progress
    ) -> Pictures:
        """Load the pictures as the network reads them; they may be kept in a file at the path."""

    @abstractmethod
    def build_network(self, data: TrainingData, split: Split, parts: FitParts) -> TrainableNetwork:
        """Build a network with its first weights, which may follow from `parts.train` alone."""

    def fit(self, data: TrainingData, split: Split, *, checkpoints: Path, progress: Progress = silent) -> FitResult:
        """Train a network and predict all held-out pictures, as `Method.fit` specifies."""
        try:
            result = Fits(self, data, split, checkpoints, progress).result()
        finally:
            (checkpoints / PICTURES).unlink(missing_ok=True)
        for path in checkpoints.glob("*.pt"):
            path.unlink()
        return result

    def predict_folds(
        self, data: TrainingData, split: Split, *, checkpoints: Path, report: EpochReport = report_nothing
    ) -> Iterator[Predictions]:
        """Predict the held-out folds of the training part, as `Method.predict_folds` specifies."""
        fits = Fits(self, data, split, checkpoints, silent, report=report)
        return (fits.predict_fold(number) for number in split.held_out)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """Trained network with what judges it.

    Attributes:
        network: with the weights of the best epoch.
        parts: the pictures that trained, chose and calibrated it.
        history: course of the training.
        backbone: the network without its classifier, exported.
        calibrated: head and unknown score.
    """

    network: TrainableNetwork
    parts: FitParts
    history: History
    backbone: OnnxBackbone
    calibrated: CalibratedHead

    @property
    def graph(self) -> bytes:
        """Return the graph from pixels to probabilities and unknown score."""
        return attach_head(
            self.backbone.graph, self.calibrated.head, self.calibrated.unknown, blocks=self.backbone.blocks
        )


class Fits:
    """All fits of one run.

    Args:
        method: the method, which builds the networks.
        data: pictures with their features.
        split: the assignment to folds and test part.
        checkpoints: folder of the states of interrupted fits.
        progress: called with the stage, items done and items in all.
        report: called after each epoch; what it raises ends the training.
    """

    def __init__(
        self,
        method: NetworkMethod,
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
        self._pictures = self._load_pictures(rows)

    def _load_pictures(self, rows: np.ndarray) -> Pictures:
        data, path = self._data, self._checkpoints / PICTURES
        return self._method.load_pictures(data.catalog, rows, data.recipe, path, self._progress)

    def result(self) -> FitResult:
        """Train all networks, and return the final one with the predictions."""
        split = self._split
        final = self._fit("final", hold_out(split, self._labels, TEST, seed=self._method.seed), with_negatives=True)
        held_out = self._predict(final, np.flatnonzero(split.test)) if split.test.any() else self._cross_validate()
        head = final.calibrated
        return FitResult(
            graph=final.graph,
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
            backbone=final.backbone,
        )

    def _fit(self, name: str, parts: FitParts, *, with_negatives: bool = False) -> Fitted:
        method, settings = self._method, self._method.loop_settings
        parts.require_enough(self._labels)
        network = method.build_network(self._data, self._split, parts)
        side = self._data.recipe.size // self._pictures.factor
        accumulate = -(-settings["batch"] * side**2 // _MOST_PIXELS)
        loop = Loop(
            network,
            self._loop_data(parts),
            LoopConfig.of(settings, seed=method.seed, ordered=method.head.ordered, accumulate=accumulate),
            checkpoint=self._checkpoints / f"{name}.pt",
            keep_start=method.keep_start,
            device=choose_device(settings["device"]),
            report=self._report,
        )
        history = loop.run(partial(self._progress, "fit"), partial(note, self._progress, "fit"))
        backbone = network.to_backbone(size=self._data.recipe.size, factor=self._pictures.factor)
        self._compare(backbone, network, parts)
        calibrated = self._calibrate(network, backbone, parts, with_negatives=with_negatives)
        return Fitted(network=network, parts=parts, history=history, backbone=backbone, calibrated=calibrated)

    def _loop_data(self, parts: FitParts) -> LoopData:
        weights = np.zeros(len(self._pictures))
        for rows in (parts.train, parts.stop):
            weights[self._place[rows]] = self._data.training_weights(rows, self._split.group[rows])
        labels = self._labels[self._data.position >= 0]
        train, stop = self._place[parts.train], self._place[parts.stop]
        return LoopData(pictures=self._pictures, labels=labels, weights=weights, train=train, stop=stop)

    def _calibrate(
        self, network: TrainableNetwork, backbone: OnnxBackbone, parts: FitParts, *, with_negatives: bool
    ) -> CalibratedHead:
        rows, catalog = parts.unseen, self._data.catalog
        unseen = Unseen(
            features=self._embed(backbone, catalog, rows),
            labels=self._labels[rows],
            groups=self._split.group[rows],
            weights=self._data.training_weights(rows, self._split.group[rows]),
            fresh=np.arange(len(rows)) >= len(parts.stop),
        )
        trained = np.isin(np.arange(len(catalog.labels)), self._labels[parts.train])
        weight, bias = network.linear_weights()
        return calibrate_head(
            weight,
            bias,
            trained,
            unseen,
            spans=network.spans,
            negatives=self._embed_negatives(backbone) if with_negatives else None,
            config=self._method.head,
            seed=self._method.seed,
            centre=network.centre.numpy() if network.centre.any() else None,
        )

    def _embed(self, backbone: OnnxBackbone, catalog: Catalog, rows: np.ndarray) -> np.ndarray:
        return run_graph(backbone.graph, ("embedding",), catalog, rows, self._data.recipe)[0]

    def _embed_negatives(self, backbone: OnnxBackbone) -> Negatives | None:
        negatives, pictures = self._data.negatives, self._data.negative_pictures
        if negatives is None or not pictures:
            return None
        features = np.concatenate([self._embed(backbone, each.catalog, each.rows) for each in pictures])
        return Negatives(features=features, groups=negatives.groups)

    def _predict(self, fitted: Fitted, rows: np.ndarray) -> HeldOutPredictions:
        """Predict pictures by the graph that would ship, since a second computation of the same score may differ."""
        outputs = ("probabilities", "unknown_score", "embedding")
        probabilities, score, embedding = run_graph(fitted.graph, outputs, self._data.catalog, rows, self._data.recipe)
        head = fitted.calibrated
        return HeldOutPredictions(
            rows=rows,
            probabilities=probabilities,
            uncalibrated=head.head.uncalibrated(embedding, head.temperature),
            unknown_score=score,
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

    def _predict_given_split(self, final: Fitted, held_out: HeldOutPredictions) -> Predictions | None:
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

    def _predict_negatives(self, final: Fitted) -> NegativePredictions | None:
        negatives, excess = self._embed_negatives(final.backbone), final.calibrated.negative_excess
        if negatives is None or excess is None:
            return None
        probabilities = final.calibrated.head.probabilities(np.asarray(negatives.features))
        return NegativePredictions(
            confidence=probabilities.max(axis=1), label=probabilities.argmax(axis=1), excess=excess
        )

    def _compare(self, backbone: OnnxBackbone, network: TrainableNetwork, parts: FitParts) -> None:
        """Raise DataError if the exported network differs from the trained one on pictures of the set."""
        rows = parts.train[:_COMPARED]
        expected, _ = predict(network, self._pictures, self._place[rows])
        found = run_graph(backbone.graph, ("embedding",), self._data.catalog, rows, self._data.recipe)[0]
        difference = np.abs(found - expected).max() / max(np.abs(expected).max(), np.finfo(np.float32).tiny)
        if not difference <= _LARGEST_DIFFERENCE:
            raise DataError(
                f"The exported network differs from the trained one by {difference:.1e} of its largest value.",
                hint=f"At most {_LARGEST_DIFFERENCE:g} is accepted; train again with a lower --lr.",
            )

    def _describe(self, final: Fitted) -> dict[str, Any]:
        parts, history = final.parts, final.history
        loss = {"train": history.train_loss, "held_out": history.stop_loss}
        accuracy = {"train": history.train_accuracy, "held_out": history.stop_accuracy}
        start = history.start_loss is not None
        return {
            "name": self._method.config.name,
            "why": self._method.why,
            "epochs": len(history.stop_loss),
            "best_epoch": history.best_epoch,
            "parameters": final.network.count_parameters(),
            "settings": self._method.config.resolved(),
            "pictures": {"train": len(parts.train), "stop": len(parts.stop), "calibrate": len(parts.fresh)},
            "loss": loss | ({"start": history.start_loss} if start else {}),
            "accuracy": accuracy | ({"start": history.start_accuracy} if start else {}),
        }


def _out_of_fold(final: Fitted) -> ScoredPredictions:
    """Return the answers to fresh pictures, which the final network was neither trained nor chosen on."""
    start, head = len(final.parts.stop), final.calibrated
    return ScoredPredictions(
        rows=final.parts.fresh,
        probabilities=head.fresh_probabilities,
        unknown_score=head.unknown_score[start:],
        t_unknown=np.full(len(final.parts.fresh), head.t_unknown),
    )
