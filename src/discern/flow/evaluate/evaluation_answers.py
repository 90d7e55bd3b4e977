"""Functions that turn the predictions of evaluated models into what their page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from discern.bundle import Model
from discern.catalog import Catalog
from discern.evaluating import (
    AccuracyMetrics,
    ConformalMetrics,
    LeakFreeAccuracy,
    Metrics,
    NegativeMetrics,
    OrderedLabelMetrics,
    SplitMetrics,
    UnknownThreshold,
    evaluate_share,
)
from discern.flow.evaluate.decision_metrics import decide
from discern.flow.evaluate.evaluator import Evaluation, Evaluator, wrong_alone
from discern.flow.evaluate.models import EvaluatedModel
from discern.flow.evaluate.result import Comparison
from discern.picture import load_input, open_picture
from discern.reporting import EvaluatedAnswers, MeasuredPolicy, NegativeTable, PredictionTable

_MIN_DECODED_SIDE = 256


class Viewer:
    """Viewer that provides decoded images, and a local model's evidence maps for them."""

    def __init__(self, catalog: Catalog, bundle: Model | None) -> None:
        self._catalog, self._bundle = catalog, bundle

    @property
    def recipe(self) -> Mapping[str, Any] | None:
        """Return the preprocessing of a local model."""
        return None if self._bundle is None else self._bundle.manifest.recipe.to_json()

    def pixels(self, row: int) -> np.ndarray:
        """Return the decoded image of a catalog row as a uint8 array."""
        return open_picture(self._catalog.read_one(row), min_side=_MIN_DECODED_SIDE)

    def evidence(self, rows: Sequence[int]) -> list[np.ndarray]:
        """Return the evidence maps of the images in the given catalog rows."""
        assert self._bundle is not None
        recipe = self._bundle.manifest.recipe
        inputs = np.stack([load_input(self._catalog.read_one(row), recipe) for row in rows])
        return list(self._bundle.run(inputs)["evidence"])


def collect_answers(
    evaluator: Evaluator, evaluations: Sequence[Evaluation], against: Sequence[Comparison]
) -> list[EvaluatedAnswers]:
    """Return the predictions of each model with their metrics, the evaluated model first.

    Args:
        evaluator: the evaluator of these models.
        evaluations: the evaluations of all models.
        against: comparisons of the first model with each other one.
    """
    names = _names([each.model for each in evaluations])
    compared = [None, *against]
    return [
        EvaluatedAnswers(
            name=name,
            of=each.model.of,
            labels=each.model.rules.labels,
            predictions=PredictionTable(
                rows=evaluator.known.rows,
                truth=each.known.truth,
                probabilities=each.known.probabilities,
                unknown_score=each.known.scores,
                decision=decide(each.model.rules, each.known.probabilities, each.known.scores),
            ),
            metrics=_metrics(each),
            stated=each.model.stated,
            promised=each.model.rules.policy,
            measured=_measured_policy(each),
            wrong_alone=alone,
            fresh=~each.known.set_thresholds,
            difference=None if other is None else other.difference,
            per_class_difference={} if other is None else other.per_class_difference,
        )
        for each, name, alone, other in zip(evaluations, names, wrong_alone(evaluations), compared, strict=True)
    ]


def tabulate_negatives(evaluator: Evaluator, evaluation: Evaluation) -> list[NegativeTable]:
    """Return the predictions of a model for pictures of none of the classes, by catalog."""
    unknown, model = evaluation.unknown, evaluation.model
    if unknown is None:
        return []
    ends = np.cumsum([len(each.rows) for each in evaluator.unknown])
    decisions = decide(model.rules, unknown.probabilities, unknown.scores)
    tables = []
    for each, end in zip(evaluator.unknown, ends.tolist(), strict=True):
        own = slice(end - len(each.rows), end)
        tables.append(
            NegativeTable(
                catalog=each.catalog,
                rows=each.rows,
                predicted=unknown.probabilities[own].argmax(axis=1),
                confidence=unknown.probabilities[own].max(axis=1),
                decision=decisions[own],
                pictures=Viewer(each.catalog, model.bundle).pixels,
            )
        )
    return tables


def _names(models: Sequence[EvaluatedModel]) -> list[str]:
    """Return the names of the models, or their paths and addresses where names are the same."""
    names = [model.name for model in models]
    return [model.of if names.count(model.name) > 1 else model.name for model in models]


def _measured_policy(evaluation: Evaluation) -> MeasuredPolicy | None:
    found = evaluation.decisions
    if found.share is None or found.error is None or found.group_error is None:
        return None
    return MeasuredPolicy(
        share=found.share,
        error=found.error,
        group_error=found.group_error,
        negatives_accepted=found.unknown_accepted,
    )


def _metrics(evaluation: Evaluation) -> Metrics:
    """Return the metrics of an evaluation in the form of a training run's."""
    metrics, model = evaluation.metrics, evaluation.model
    return Metrics(
        accuracy=AccuracyMetrics(
            leak_free=LeakFreeAccuracy(**asdict(metrics.accuracy), estimates="bundle", classes=metrics.classes)
        ),
        ece=metrics.calibration.error,
        classification=metrics,
        unknown=_unknown_threshold(evaluation),
        conformal=_prediction_sets(evaluation),
        ordered=_ordered(evaluation),
        counts=evaluation.decisions.counts,
        negatives=_negatives(evaluation),
        split=SplitMetrics(unevaluated=tuple(model.rules.unjudged)),
        names=model.names,
    )


def _unknown_threshold(evaluation: Evaluation) -> UnknownThreshold:
    fresh, threshold = evaluation.known.fresh, evaluation.model.rules.thresholds.unknown
    if threshold is None:
        return UnknownThreshold()
    rejection = evaluate_share(fresh.scores > threshold, groups=fresh.groups, weights=fresh.weights)
    return UnknownThreshold(t_unknown=threshold, false_rejection=rejection.value, rejection=rejection)


def _prediction_sets(evaluation: Evaluation) -> ConformalMetrics | None:
    sets, stated = evaluation.decisions.sets, evaluation.model.stated.conformal
    if sets is None:
        return None
    return ConformalMetrics.of(
        sets,
        target=None if stated is None else stated.target,
        threshold=evaluation.model.rules.thresholds.label_set,
        # Measured on the model itself, so that the page does not call it an estimate.
        guaranteed=True,
    )


def _ordered(evaluation: Evaluation) -> OrderedLabelMetrics | None:
    found, labels = evaluation.decisions.ordered, evaluation.model.rules.labels
    return None if found is None else OrderedLabelMetrics.of(found, labels=labels)


def _negatives(evaluation: Evaluation) -> NegativeMetrics | None:
    unknown, found, rules = evaluation.unknown, evaluation.unknown_metrics, evaluation.model.rules
    if unknown is None or found is None:
        return None
    decisions = decide(rules, unknown.probabilities, unknown.scores)
    accepted, reviewed = (
        evaluate_share(decisions == decision, groups=unknown.groups, weights=unknown.weights)
        for decision in ("accept", "review")
    )
    return NegativeMetrics(
        negatives=found.negatives,
        tuned=0,
        scored=found.negatives,
        kept=found.kept,
        rejected=found.rejected,
        auroc=found.auroc,
        accepted=accepted,
        reviewed=reviewed,
    )
