"""Functions that tune the out-of-distribution score on images of no known class."""

from dataclasses import dataclass, replace

import numpy as np

from discern.bundle.heads import UnknownScorer
from discern.heads.feature_space import Features
from discern.heads.unknown.score import DEFAULT_SUM, combine, rejection_threshold, standardise

_FOLDS = 5
_STRENGTH = 0.1  # C of the logistic regression; not tuned
# Below this many independent negatives, the fitted weights are shrunk towards the default sum; not tuned.
_FULL_WEIGHT_FROM = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class UnknownTuning:
    """Tuned out-of-distribution score with its rejection threshold.

    Attributes:
        scorer: the measures with their standardisation and weights.
        t_unknown: the score above which a picture is classified as unknown.
        excess: float64 `[M]`, score of each negative minus the threshold, both tuned without its group; at most 0 if it
            would be accepted. None without negatives.
    """

    scorer: UnknownScorer
    t_unknown: float
    excess: np.ndarray | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Negatives:
    """Features and groups of out-of-distribution images.

    Attributes:
        features: `[M, D]`.
        groups: int `[M]`; pictures that are not independent share a value.
    """

    features: Features
    groups: np.ndarray


def tune_unknown(
    scorer: UnknownScorer,
    known: np.ndarray,
    weights: np.ndarray,
    negatives: np.ndarray,
    groups: np.ndarray,
    *,
    false_rejection: float,
) -> UnknownTuning:
    """Tune the out-of-distribution score and its threshold on images of no known class.

    The weights are those of a logistic regression of negatives against known pictures. The threshold is the mean of the
    one that rejects `false_rejection` of the known pictures and the one with the fewest errors on both: future unknown
    pictures are more varied than the negatives, and closer to the classes.

    Args:
        scorer: the measures.
        known: float `[N, 4]`, measures of held-out known pictures.
        weights: float `[N]`, their sample weights.
        negatives: float `[M, 4]`, measures of pictures of none of the classes.
        groups: int `[M]`; negatives that are not independent share a value.
        false_rejection: largest share of known pictures to reject, in 0..1.
    """
    tuner = _Tuner(standardise(scorer, known, weights, DEFAULT_SUM), known, weights, false_rejection)
    tuned, t_unknown = tuner.tune(negatives, groups)
    excess = np.zeros(len(negatives))
    _, place = np.unique(groups, return_inverse=True)
    for number in range(min(_FOLDS, int(place.max()) + 1)):
        held_out = place % _FOLDS == number
        fold_scorer, threshold = tuner.tune(negatives[~held_out], groups[~held_out])
        excess[held_out] = combine(fold_scorer, negatives[held_out]) - threshold
    return UnknownTuning(scorer=tuned, t_unknown=t_unknown, excess=excess)


class _Tuner:
    """Tuner that fits the out-of-distribution score to several sets of negative images."""

    def __init__(self, base: UnknownScorer, known: np.ndarray, weights: np.ndarray, false_rejection: float) -> None:
        self._base, self._known, self._weights, self._false_rejection = base, known, weights, false_rejection

    def tune(self, negatives: np.ndarray, groups: np.ndarray) -> tuple[UnknownScorer, float]:
        """Tune the score and its threshold on one set of negative images."""
        tuned = replace(self._base, share=self._fit_weights(negatives, groups).astype(np.float32))
        known, unknown = combine(tuned, self._known), np.sort(combine(tuned, negatives))
        least = rejection_threshold(known, self._weights, self._false_rejection)
        return tuned, (least + self._fewest_errors(known, unknown, least)) / 2

    def _fit_weights(self, negatives: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """Fit non-negative weights of the standardised measures that sum to 1."""
        if not len(negatives):
            return self._base.share
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - takes half a second, for negatives only

        _, place, count = np.unique(groups, return_inverse=True, return_counts=True)
        rows = (np.concatenate([self._known, negatives]) - self._base.mean) / self._base.spread
        unknown = np.arange(len(rows)) >= len(self._known)
        mass = np.concatenate([self._weights / self._weights.sum(), 1 / count[place] / len(count)])
        fitted = LogisticRegression(C=_STRENGTH).fit(rows, unknown, sample_weight=mass * len(rows))
        weights = np.maximum(fitted.coef_[0], 0)
        if not weights.sum():
            return self._base.share
        ratio = min(1.0, len(count) / _FULL_WEIGHT_FROM)
        return np.asarray(ratio * weights / weights.sum() + (1 - ratio) * self._base.share)

    def _fewest_errors(self, known: np.ndarray, unknown: np.ndarray, least: float) -> float:
        if not len(unknown):
            return least
        thresholds = np.unique(np.concatenate([[least], known[known > least], unknown[unknown > least]]))
        order = np.argsort(known)
        cumulative = np.concatenate([[0], np.cumsum(self._weights[order])])
        accepted = cumulative[np.searchsorted(known[order], thresholds, side="right")] / cumulative[-1]
        falsely_accepted = np.searchsorted(unknown, thresholds, side="right") / len(unknown)
        return float(thresholds[np.argmin(falsely_accepted - accepted)])
