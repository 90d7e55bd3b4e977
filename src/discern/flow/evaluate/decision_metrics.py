"""Evaluation metrics for the accept, review and unknown decisions on unseen images.

Pictures that the decision thresholds were tuned on are left out.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, Self

import numpy as np

from discern.bundle import Thresholds, decide_all, label_sets, median_label
from discern.evaluating import (
    NO_PICTURES,
    CountMetrics,
    Interval,
    OrdinalMetrics,
    PredictionSetMetrics,
    evaluate_counts,
    evaluate_ordinal,
    evaluate_prediction_sets,
    evaluate_share,
)


class DecisionRules(Protocol):
    """Decision thresholds and accept policy of an image classification model.

    Bundle manifests and servers' model descriptions have these attributes.

    Attributes:
        labels: the classes, in the order of the probabilities' columns.
        ordered: whether the labels form an ordinal scale.
        thresholds: scores at which the decision changes.
        policy: the accept policy; None if nothing is accepted.
        unjudged: labels whose accuracy could not be measured; they are never accepted.
    """

    @property
    def labels(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def ordered(self) -> bool: ...  # noqa: D102
    @property
    def thresholds(self) -> Thresholds: ...  # noqa: D102
    @property
    def policy(self) -> dict[str, Any] | None: ...  # noqa: D102
    @property
    def unjudged(self) -> Collection[str]: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownPredictions:
    """Predictions for held-out images of known classes, with their true classes.

    Attributes:
        truth: true classes as indices into the labels, int `[M]`.
        probabilities: float32 `[M, K]`.
        scores: unknown scores, float32 `[M]`.
        groups: groups of dependent pictures, int `[M]`.
        weights: weights, 1 / number of copies, float64 `[M]`.
        set_thresholds: whether a picture set the thresholds of a model, bool `[M]`.
    """

    truth: np.ndarray
    probabilities: np.ndarray
    scores: np.ndarray
    groups: np.ndarray
    weights: np.ndarray
    set_thresholds: np.ndarray

    @property
    def fresh(self) -> Self:
        """Return the predictions for the images that did not set any thresholds."""
        selected = {field.name: getattr(self, field.name)[~self.set_thresholds] for field in fields(self)}
        return replace(self, **selected)


@dataclass(frozen=True, kw_only=True, eq=False)
class UnknownPredictions:
    """Predictions for out-of-distribution images.

    Attributes:
        probabilities: float32 `[S, K]`.
        scores: unknown scores, float32 `[S]`.
        groups: groups of dependent pictures, int `[S]`.
        weights: weights, 1 / number of copies, float64 `[S]`.
    """

    probabilities: np.ndarray
    scores: np.ndarray
    groups: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, kw_only=True)
class DecisionMetrics:
    """Evaluation metrics for accepted predictions, prediction sets and ordinal labels.

    Attributes:
        share: share of the known pictures that is accepted.
        error: error rate among these; undefined if nothing is accepted.
        group_error: share of the groups with an accepted picture that have a wrong one, which the error limit bounds.
        unknown_accepted: share of the unknown pictures that is accepted; None without any.
        sets: coverage and size of the prediction sets; None without sets.
        ordered: ordinal errors; None if the labels are not ordered.
        counts: errors of the predicted numbers; None if a label is not a number.
    """

    share: Interval | None
    error: Interval | None
    group_error: Interval | None
    unknown_accepted: Interval | None
    sets: PredictionSetMetrics | None
    ordered: OrdinalMetrics | None
    counts: CountMetrics | None

    def to_json(self) -> dict[str, Any]:
        """Return the metrics and their confidence intervals as a JSON-serialisable dictionary."""
        named = {
            "share": self.share,
            "group_error": self.group_error,
            "strangers_accepted": self.unknown_accepted,
            **_set_intervals(self.sets),
            **_ordinal_intervals(self.ordered),
            **({} if self.counts is None else self._count_intervals(self.counts)),
        }
        policy = self.share and {
            "share": self.share.value,
            "error": self.error and self.error.to_json(),
            "group_error": self.group_error and self.group_error.value,
            "strangers_accepted": None if self.unknown_accepted is None else self.unknown_accepted.value,
        }
        return {
            "policy": policy,
            "conformal": {name: each.value for name, each in _set_intervals(self.sets).items()} or None,
            "ordered": {name: each.value for name, each in _ordinal_intervals(self.ordered).items()} or None,
            "counts": self.counts and self.counts.values(),
            "intervals": {name: each.to_json() for name, each in named.items() if each is not None},
        }

    def _count_intervals(self, counts: CountMetrics) -> dict[str, Interval]:
        named = counts.intervals() | {"gain": counts.gain}
        return {f"count_{name}": each for name, each in named.items()}


def evaluate_decisions(
    rules: DecisionRules, known: KnownPredictions, unknown: UnknownPredictions | None, *, seed: int
) -> DecisionMetrics:
    """Compute decision metrics from predictions for held-out images.

    Those that set thresholds are left out, except from ordinal metrics.
    """
    thresholds, fresh = rules.thresholds, known.fresh
    correct = fresh.probabilities.argmax(axis=1) == fresh.truth
    share = error = group_error = unknown_accepted = None
    if rules.policy is not None:
        accepted = decide(rules, fresh.probabilities, fresh.scores) == "accept"
        share = _share(accepted, fresh, slice(None), seed)
        error = _share(~correct[accepted], fresh, accepted, seed)
        group_error = _group_error(~correct[accepted], fresh.groups[accepted])
        if unknown is not None:
            unknown_accepted = evaluate_share(
                decide(rules, unknown.probabilities, unknown.scores) == "accept",
                groups=unknown.groups,
                weights=unknown.weights,
            )
    return DecisionMetrics(
        share=share,
        error=error,
        group_error=group_error,
        unknown_accepted=unknown_accepted,
        sets=None if thresholds.label_set is None else _evaluate_sets(rules, fresh, thresholds.label_set, seed),
        ordered=_evaluate_ordinal(known, seed) if rules.ordered else None,
        counts=evaluate_counts(
            known.truth,
            known.probabilities,
            labels=rules.labels,
            ordered=rules.ordered,
            groups=known.groups,
            weights=known.weights,
        ),
    )


def decide(rules: DecisionRules, probabilities: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Decide between accept, review and unknown for each prediction, by the rules of a model."""
    threshold = np.inf if rules.thresholds.unknown is None else rules.thresholds.unknown
    unknown = np.full(len(scores), threshold)
    unjudged = np.isin(rules.labels, list(rules.unjudged))
    return decide_all(probabilities, scores, unknown=unknown, accept=rules.thresholds.accept, unjudged=unjudged)


def _group_error(wrong: np.ndarray, groups: np.ndarray) -> Interval:
    """Compute the share of groups with a wrong picture, each counted once."""
    _, place = np.unique(groups, return_inverse=True)
    return evaluate_share(np.bincount(place, wrong) > 0)


def _share(hits: np.ndarray, known: KnownPredictions, rows: np.ndarray | slice, seed: int) -> Interval:
    return evaluate_share(hits, groups=known.groups[rows], weights=known.weights[rows], seed=seed)


def _evaluate_sets(rules: DecisionRules, known: KnownPredictions, threshold: float, seed: int) -> PredictionSetMetrics:
    if not len(known.truth):
        missing = Interval(note=NO_PICTURES)
        return PredictionSetMetrics(
            coverage=missing, coverage_of_groups=missing, size=missing, single=missing, per_class=()
        )
    return evaluate_prediction_sets(
        label_sets(known.probabilities, threshold),
        known.truth,
        labels=rules.labels,
        groups=known.groups,
        weights=known.weights,
        seed=seed,
    )


def _evaluate_ordinal(known: KnownPredictions, seed: int) -> OrdinalMetrics:
    return evaluate_ordinal(
        known.truth, median_label(known.probabilities), groups=known.groups, weights=known.weights, seed=seed
    )


def _set_intervals(sets: PredictionSetMetrics | None) -> dict[str, Interval]:
    return {} if sets is None else {"coverage": sets.coverage, "size": sets.size}


def _ordinal_intervals(ordered: OrdinalMetrics | None) -> dict[str, Interval]:
    if ordered is None:
        return {}
    return {
        "mae": ordered.mae,
        "rmse": ordered.rmse,
        "kappa": ordered.quadratic_kappa,
        "within_one": ordered.within_one,
        "constant_mae": ordered.mae_of_median,
    }
