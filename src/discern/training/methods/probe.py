"""Training method that fits a linear probe on frozen backbone features."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from discern.bundle.heads import AnyHead
from discern.bundle.onnx_graph import attach_head
from discern.heads import FittedHead, HeadConfig, HeadFitter, predict_in_blocks
from discern.parallel import single_threaded_blas
from discern.progress import Progress, silent
from discern.splitting import TEST, Split, random_split
from discern.training.data import TrainingData
from discern.training.methods.base import EpochReport, FitResult, report_nothing
from discern.training.methods.given_parts import given_parts
from discern.training.predictions import HeldOutPredictions, NegativePredictions, Predictions, ScoredPredictions


@dataclass(frozen=True, kw_only=True, eq=False)
class ProbeResult(FitResult):
    """Fitted linear probe with its classification head and exportable graph."""

    head: FittedHead


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Training method that fits a linear classifier on frozen backbone features.

    The candidates, their selection and calibration are those of `HeadFitter`.

    Attributes:
        config: settings of the head.
        seed: random seed.
    """

    config: HeadConfig
    seed: int = 0

    @single_threaded_blas()  # most products are small, or run in parallel
    def fit(
        self,
        data: TrainingData,
        split: Split,
        *,
        checkpoints: Path,  # noqa: ARG002 - fitted in seconds, it has nothing to resume
        progress: Progress = silent,
    ) -> ProbeResult:
        """Fit a classification head and predict all held-out images, as `Method.fit` specifies."""
        rows = split.training_rows(TEST)
        fitter = self._fitter(data, split, rows, left_out=split.left_out_among(rows), outer_folds=split.held_out)
        uncorrected = fitter.fit()
        if split.method == "test-part":
            head = uncorrected.corrected(fitter.temperature_correction().final)
            held_out = _predict(head, data, np.flatnonzero(split.test))
        else:
            held_out = _cross_validate(fitter, rows, split.fold, progress)
            head = uncorrected.corrected(fitter.temperature_correction().final)
        return ProbeResult(
            graph=attach_head(data.backbone.graph, head.head, head.unknown, blocks=data.backbone.blocks),
            temperature=head.temperature,
            t_unknown=head.t_unknown,
            description=head.chosen,
            unknown=head.unknown_json(),
            train_rows=rows,
            held_out=held_out,
            out_of_fold=_out_of_fold(head, rows),
            random_split=self._predict_random_split(data, split, progress),
            given_split=self._predict_given_split(data, split),
            negatives=_predict_negatives(head, data),
            head=head,
        )

    @single_threaded_blas()
    def fit_head(self, data: TrainingData, split: Split, rows: np.ndarray) -> AnyHead:
        """Fit a classification head on training rows, without an unknown score; their folds select it."""
        fitter = self._fitter(data, split, rows, left_out=split.left_out_among(rows), score_unknown=False)
        return fitter.fit_head()

    def predict_folds(
        self,
        data: TrainingData,
        split: Split,
        *,
        checkpoints: Path,  # noqa: ARG002 - as above
        report: EpochReport = report_nothing,  # noqa: ARG002 - it has no epochs
    ) -> Iterator[Predictions]:
        """Predict the held-out folds of the training part, as `Method.predict_folds` specifies."""
        rows = split.training_rows(TEST)
        with single_threaded_blas():
            left_out = split.left_out_among(rows)
            fitter = self._fitter(data, split, rows, left_out=left_out, outer_folds=split.held_out, score_unknown=False)
            for number in split.held_out:
                held_out = rows[split.fold[rows] == number]
                head = fitter.fit_head(without=number)
                yield Predictions(
                    rows=held_out, probabilities=predict_in_blocks(data.rows(held_out), head.probabilities)
                )

    def _fitter(
        self,
        data: TrainingData,
        split: Split,
        rows: np.ndarray,
        *,
        fold: np.ndarray | None = None,
        left_out: Mapping[int, np.ndarray] | None = None,
        outer_folds: tuple[int, ...] | None = None,
        score_unknown: bool = True,
    ) -> HeadFitter:
        fold = split.fold if fold is None else fold
        return HeadFitter(
            data.rows(rows),
            data.catalog.label_index[rows],
            fold[rows],
            classes=len(data.catalog.labels),
            blocks=data.backbone.blocks,
            left_out=left_out,
            outer_folds=outer_folds,
            weights=data.training_weights(rows, split.group[rows]),
            score_unknown=score_unknown,
            negatives=data.negatives if score_unknown else None,
            config=self.config,
            seed=self.seed,
            spaces=data.spaces.of(rows),
        )

    def _predict_random_split(self, data: TrainingData, split: Split, progress: Progress) -> Predictions:
        """Cross-validate on random folds of equal size, which split groups and copies."""
        random = random_split(data.catalog, split, seed=self.seed)
        rows = random.training_rows(TEST)
        fitter = self._fitter(data, split, rows, fold=random.fold, outer_folds=random.held_out, score_unknown=False)
        held_out = random.fold[rows] >= 0
        return Predictions(rows=rows[held_out], probabilities=fitter.cross_probabilities(progress)[held_out])

    def _predict_given_split(self, data: TrainingData, split: Split) -> Predictions | None:
        """Predict the given test part with a head fitted on the given training part, leaks included."""
        parts = given_parts(data, split)
        if parts is None:
            return None
        rows, held_out, leaks = parts
        fold = split.fold.copy()
        fold[leaks] = 0
        head = self._fitter(data, split, rows, fold=fold, score_unknown=False).fit_head()
        return Predictions(rows=held_out, probabilities=predict_in_blocks(data.rows(held_out), head.probabilities))


def _predict(head: FittedHead, data: TrainingData, rows: np.ndarray) -> HeldOutPredictions:
    features = data.rows(rows)
    return HeldOutPredictions(
        rows=rows,
        probabilities=head.probabilities(features),
        uncalibrated=head.uncalibrated(features),
        unknown_score=head.unknown_score(features),
        t_unknown=np.full(len(rows), head.t_unknown),
    )


def _out_of_fold(head: FittedHead, rows: np.ndarray) -> ScoredPredictions:
    held_out = head.held_out
    return ScoredPredictions(
        rows=rows[held_out.positions],
        probabilities=held_out.probabilities,
        unknown_score=held_out.unknown_score,
        t_unknown=np.full(len(held_out.positions), head.t_unknown),
    )


def _cross_validate(fitter: HeadFitter, rows: np.ndarray, fold: np.ndarray, progress: Progress) -> HeldOutPredictions:
    crossed = fitter.cross_fit(progress=progress, corrected=True)
    held_out = fold[rows] >= 0
    return HeldOutPredictions(
        rows=rows[held_out],
        probabilities=crossed.probabilities[held_out],
        uncalibrated=crossed.uncalibrated[held_out],
        unknown_score=crossed.unknown_score[held_out],
        t_unknown=crossed.t_unknown[held_out],
    )


def _predict_negatives(head: FittedHead, data: TrainingData) -> NegativePredictions | None:
    if data.negatives is None or head.negative_excess is None:
        return None
    probabilities = head.probabilities(data.negatives.features)
    return NegativePredictions(
        confidence=probabilities.max(axis=1), label=probabilities.argmax(axis=1), excess=head.negative_excess
    )
