"""What a bundle's thresholds come to on pictures that set none of them."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from discern.bundle import Thresholds, label_sets, median_label
from discern.evaluating import (
    Interval,
    OrdinalMetrics,
    PredictionSetMetrics,
    evaluate_ordinal,
    evaluate_prediction_sets,
    evaluate_share,
)


class DecisionRules(Protocol):
    """How answers are decided; a bundle's manifest says it, and so does a server.

    Attributes:
        labels: the classes, in the order of the columns of probabilities.
        ordered: whether that order means something.
        thresholds: where the decision changes.
        policy: what the accepted answers promise; None: nothing is accepted.
    """

    @property
    def labels(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def ordered(self) -> bool: ...  # noqa: D102
    @property
    def thresholds(self) -> Thresholds: ...  # noqa: D102
    @property
    def policy(self) -> dict[str, Any] | None: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownPredictions:
    """Answers to pictures of the bundle's labels.

    Attributes:
        truth: int `[M]`, positions in the labels.
        probabilities: float32 `[M, K]`.
        scores: float32 `[M]`, unknown scores.
        groups: int `[M]`.
        weights: float64 `[M]`.
    """

    truth: np.ndarray
    probabilities: np.ndarray
    scores: np.ndarray
    groups: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class UnknownPredictions:
    """Answers to pictures of none of the labels: confidences and unknown scores, float32 `[S]`."""

    confidence: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True, kw_only=True)
class DecisionMetrics:
    """What accepted answers, sets of labels and ordered labels came to; None where the bundle has none.

    Attributes:
        share: of the known pictures, those accepted.
        error: of these, those wrong; undefined where nothing is accepted.
        strangers_accepted: of the strangers; None without any.
        sets: what the sets of labels are worth.
        ordered: how far off the answers are.
    """

    share: Interval | None
    error: Interval | None
    strangers_accepted: Interval | None
    sets: PredictionSetMetrics | None
    ordered: OrdinalMetrics | None

    def to_json(self) -> dict[str, Any]:
        """`policy`, `conformal` and `ordered` as numbers, and their `intervals`."""
        named = {
            "share": self.share,
            "strangers_accepted": self.strangers_accepted,
            **_of_sets(self.sets),
            **_of_ordered(self.ordered),
        }
        policy = self.share and {
            "share": self.share.value,
            "error": self.error and self.error.to_json(),
            "strangers_accepted": None if self.strangers_accepted is None else self.strangers_accepted.value,
        }
        return {
            "policy": policy,
            "conformal": {name: each.value for name, each in _of_sets(self.sets).items()} or None,
            "ordered": {name: each.value for name, each in _of_ordered(self.ordered).items()} or None,
            "intervals": {name: each.to_json() for name, each in named.items() if each is not None},
        }


def evaluate_decisions(
    rules: DecisionRules, known: KnownPredictions, strangers: UnknownPredictions | None, *, seed: int
) -> DecisionMetrics:
    """Judge what the bundle decides on answers to pictures that it had not seen."""
    thresholds = rules.thresholds
    sure, right = known.probabilities.max(axis=1), known.probabilities.argmax(axis=1) == known.truth
    share = error = passed = None
    if rules.policy is not None:
        accepted = _accepted(rules, sure, known.scores)
        share = _share(accepted, known, slice(None), seed)
        error = _share(~right[accepted], known, accepted, seed)
        if strangers is not None:
            passed = evaluate_share(_accepted(rules, strangers.confidence, strangers.scores), seed=seed)
    return DecisionMetrics(
        share=share,
        error=error,
        strangers_accepted=passed,
        sets=None if thresholds.label_set is None else _judge_sets(rules, known, thresholds.label_set, seed),
        ordered=_judge_ordered(known, seed) if rules.ordered else None,
    )


def _accepted(rules: DecisionRules, confidence: np.ndarray, scores: np.ndarray) -> np.ndarray:
    decide = rules.thresholds.decide
    pairs = zip(confidence.tolist(), scores.tolist(), strict=True)
    return np.array([decide(sure, score) == "accept" for sure, score in pairs], bool)


def _share(hits: np.ndarray, known: KnownPredictions, rows: np.ndarray | slice, seed: int) -> Interval:
    return evaluate_share(hits, groups=known.groups[rows], weights=known.weights[rows], seed=seed)


def _judge_sets(rules: DecisionRules, known: KnownPredictions, threshold: float, seed: int) -> PredictionSetMetrics:
    return evaluate_prediction_sets(
        label_sets(known.probabilities, threshold),
        known.truth,
        labels=rules.labels,
        groups=known.groups,
        weights=known.weights,
        seed=seed,
    )


def _judge_ordered(known: KnownPredictions, seed: int) -> OrdinalMetrics:
    return evaluate_ordinal(
        known.truth, median_label(known.probabilities), groups=known.groups, weights=known.weights, seed=seed
    )


def _of_sets(sets: PredictionSetMetrics | None) -> dict[str, Interval]:
    return {} if sets is None else {"coverage": sets.coverage, "size": sets.size}


def _of_ordered(ordered: OrdinalMetrics | None) -> dict[str, Interval]:
    if ordered is None:
        return {}
    return {
        "mae": ordered.mae,
        "rmse": ordered.rmse,
        "kappa": ordered.quadratic_kappa,
        "within_one": ordered.within_one,
        "constant_mae": ordered.mae_of_median,
    }
