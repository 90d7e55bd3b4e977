"""Functions that compute and compare the metrics of several models on the same images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from discern.catalog import Catalog
from discern.errors import DataError
from discern.evaluating import (
    ClassificationMetrics,
    Interval,
    UnknownMetrics,
    evaluate_predictions,
    evaluate_unknown_detection,
    paired_difference,
)
from discern.flow.evaluate.decision_metrics import (
    DecisionMetrics,
    KnownPredictions,
    UnknownPredictions,
    evaluate_decisions,
)
from discern.flow.evaluate.evaluated_pictures import EvaluatedPictures
from discern.flow.evaluate.models import EvaluatedModel, ModelOutputs
from discern.flow.evaluate.result import Comparison
from discern.grouping import find_edges, form_groups
from discern.progress import Progress


@dataclass(frozen=True, kw_only=True, eq=False)
class SharedOutputs:
    """Model outputs for the images that every compared model could classify."""

    catalog: Catalog
    rows: np.ndarray
    by_model: Sequence[ModelOutputs]

    def weights(self) -> np.ndarray:
        """Compute sample weights that count all copies of an image as one image."""
        pixels = self.catalog.table["pixels"].to_numpy()[self.rows].astype(str)
        _, inverse, count = np.unique(pixels, return_inverse=True, return_counts=True)
        return np.asarray(1.0 / count[inverse])


def predict_all(
    models: Sequence[EvaluatedModel], catalog: Catalog, rows: np.ndarray, progress: Progress
) -> SharedOutputs:
    """Classify images by all models, and keep those that each of them could classify.

    Raises:
        DataError: a model has no prediction for any image.
    """
    outputs = [model.predict(catalog, rows, progress) for model in models]
    complete = np.all([~np.isnan(each.scores) for each in outputs], axis=0)
    if not complete.any():
        reason = next(reason for model in models for reason in model.refused.values())
        raise DataError(
            f"The model or its server rejects all {len(rows)} pictures; the first: {reason}",
            hint="Use other pictures or another bundle, or raise the server's limits.",
        )
    return SharedOutputs(catalog=catalog, rows=rows[complete], by_model=[each[complete] for each in outputs])


def group_all(outputs: Sequence[SharedOutputs], progress: Progress) -> list[np.ndarray]:
    """Return the groups of dependent images of each output, with different numbers for different catalogs."""
    grouped: dict[int, np.ndarray] = {}
    for each in outputs:
        if id(each.catalog) not in grouped:
            groups = form_groups(each.catalog, find_edges(each.catalog, progress=progress)).group
            grouped[id(each.catalog)] = groups + sum(map(len, grouped.values()))
    return [grouped[id(each.catalog)][each.rows] for each in outputs]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """Predictions of one model with their metrics.

    Attributes:
        model: the model.
        known: its predictions for pictures of the classes.
        unknown: those for pictures of none of the classes; None without any.
        metrics: accuracy and further classification metrics.
        unknown_metrics: metrics of the detection of unknown pictures; None without any.
        decisions: metrics of its decisions.
    """

    model: EvaluatedModel
    known: KnownPredictions
    unknown: UnknownPredictions | None
    metrics: ClassificationMetrics
    unknown_metrics: UnknownMetrics | None
    decisions: DecisionMetrics

    @property
    def correct(self) -> np.ndarray:
        """Return a boolean mask of the correct predictions."""
        return np.asarray(self.known.probabilities.argmax(axis=1) == self.known.truth)


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluator:
    """Evaluator that computes the metrics of several models on the same images."""

    pictures: EvaluatedPictures
    known: SharedOutputs
    unknown: Sequence[SharedOutputs]
    groups: np.ndarray
    unknown_groups: Sequence[np.ndarray]
    seed: int

    def evaluate_all(self, models: Sequence[EvaluatedModel]) -> list[Evaluation]:
        """Compute the metrics of each model."""
        return [self._evaluate(number, model) for number, model in enumerate(models)]

    def _evaluate(self, number: int, model: EvaluatedModel) -> Evaluation:
        known, unknown = self._known(number, model), self._unknown(number)
        metrics = evaluate_predictions(
            known.truth,
            known.probabilities,
            labels=model.rules.labels,
            groups=known.groups,
            weights=known.weights,
            seed=self.seed,
        )
        return Evaluation(
            model=model,
            known=known,
            unknown=unknown,
            metrics=metrics,
            unknown_metrics=None if unknown is None else _evaluate_unknown(model, known, unknown),
            decisions=evaluate_decisions(model.rules, known, unknown, seed=self.seed),
        )

    def compare(self, one: Evaluation, other: Evaluation) -> Comparison:
        """Compute the paired differences in accuracy between two models, overall and for each class."""
        return Comparison(
            of=other.model.of,
            fingerprint=other.model.fingerprint,
            metrics=other.metrics,
            unknown=other.unknown_metrics,
            decisions=other.decisions,
            difference=self._difference(one, other, np.arange(len(self.known.rows))),
            per_class_difference={
                label: self._difference(one, other, np.flatnonzero(one.known.truth == place))
                for place, label in enumerate(one.model.rules.labels)
                if label in other.model.rules.labels or (one.known.truth == place).any()
            },
            wrong_here=int((one.correct & ~other.correct).sum()),
            wrong_there=int((other.correct & ~one.correct).sum()),
        )

    def _difference(self, one: Evaluation, other: Evaluation, rows: np.ndarray) -> Interval:
        known = one.known
        return paired_difference(
            one.correct[rows], other.correct[rows], groups=known.groups[rows], weights=known.weights[rows]
        )

    def _known(self, number: int, model: EvaluatedModel) -> KnownPredictions:
        outputs = self.known.by_model[number]
        return KnownPredictions(
            truth=self.pictures.truth(model, self.known.rows),
            probabilities=outputs.probabilities,
            scores=outputs.scores,
            groups=self.groups,
            weights=self.known.weights(),
            set_thresholds=self.pictures.set_thresholds[self.known.rows],
        )

    def _unknown(self, number: int) -> UnknownPredictions | None:
        outputs = [each.by_model[number] for each in self.unknown]
        if not outputs:
            return None
        return UnknownPredictions(
            probabilities=np.concatenate([each.probabilities for each in outputs]),
            scores=np.concatenate([each.scores for each in outputs]),
            groups=np.concatenate(self.unknown_groups),
            weights=np.concatenate([each.weights() for each in self.unknown]),
        )


def _evaluate_unknown(model: EvaluatedModel, known: KnownPredictions, unknown: UnknownPredictions) -> UnknownMetrics:
    threshold = model.rules.thresholds.unknown
    return evaluate_unknown_detection(
        known.scores,
        unknown.scores,
        np.inf if threshold is None else threshold,
        known_groups=known.groups,
        negative_groups=unknown.groups,
        known_weights=known.weights,
        negative_weights=unknown.weights,
    )


def wrong_alone(evaluations: Sequence[Evaluation]) -> list[np.ndarray]:
    """Return the positions of the predictions that each model alone gets wrong; empty for a single model."""
    wrong = np.stack([~each.correct for each in evaluations])
    alone = wrong & (wrong.sum(axis=0) == 1) & (len(evaluations) > 1)
    return [np.flatnonzero(each) for each in alone]
