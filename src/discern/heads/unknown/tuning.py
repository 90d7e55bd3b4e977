"""Pictures of none of the classes, where there are some, say how the unknown score is best summed and cut."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from discern.bundle.heads import UnknownScorer
from discern.heads.feature_space import Features
from discern.heads.unknown.score import FIXED, combine, rejection_threshold, standardise

_FOLDS = 5
_STRENGTH = 0.1
# What a few negatives say of the measures is half believed until there are this many independent ones.
_BELIEVED_FROM = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class UnknownTuning:
    """An unknown score and where it is cut.

    Attributes:
        scorer: the measures with their standardisation and shares.
        t_unknown: the score above which a picture is unknown.
        excess: float64 `[M]`, how far each negative is above the threshold by a score and a threshold that were tuned
            without its group, at most 0 where it would pass; None where there are no negatives.
    """

    scorer: UnknownScorer
    t_unknown: float
    excess: np.ndarray | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Negatives:
    """Pictures of none of the classes: features `[M, D]`, and int `[M]`, which of them are not independent."""

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
    """Tune an unknown score.

    Shares of the measures come from a logistic regression of negatives against known pictures. The threshold lies
    halfway between the one that turns away `false_rejection` of the known pictures and the one that errs least on both
    kinds: strangers to come are of more kinds than those given, and lie nearer.

    Args:
        scorer: the measures.
        known: float `[N, 4]`, measures of known pictures that were not learned from.
        weights: float `[N]`, theirs.
        negatives: float `[M, 4]`, measures of pictures of none of the classes.
        groups: int `[M]`, which of these are not independent.
        false_rejection: the most known pictures that may be turned away, in 0..1.
    """
    tuner = _Tuner(standardise(scorer, known, weights, FIXED), known, weights, false_rejection)
    tuned, t_unknown = tuner.tune(negatives, groups)
    excess = np.zeros(len(negatives))
    _, place = np.unique(groups, return_inverse=True)
    for number in range(min(_FOLDS, int(place.max()) + 1)):
        held = place % _FOLDS == number
        other, threshold = tuner.tune(negatives[~held], groups[~held])
        excess[held] = combine(other, negatives[held]) - threshold
    return UnknownTuning(scorer=tuned, t_unknown=t_unknown, excess=excess)


class _Tuner:
    """Tunes one unknown score by various negatives; arguments as `tune_unknown`."""

    def __init__(self, base: UnknownScorer, known: np.ndarray, weights: np.ndarray, false_rejection: float) -> None:
        self._base, self._known, self._weights, self._false_rejection = base, known, weights, false_rejection

    def tune(self, negatives: np.ndarray, groups: np.ndarray) -> tuple[UnknownScorer, float]:
        """The score and its threshold."""
        tuned = replace(self._base, share=self._shares(negatives, groups).astype(np.float32))
        inside, outside = combine(tuned, self._known), np.sort(combine(tuned, negatives))
        strict = rejection_threshold(inside, self._weights, self._false_rejection)
        return tuned, (strict + self._fewest_errors(inside, outside, strict)) / 2

    def _shares(self, negatives: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """What each standardised measure counts: at least 0, in sum 1."""
        if not len(negatives):
            return self._base.share
        _, place, count = np.unique(groups, return_inverse=True, return_counts=True)
        rows = (np.concatenate([self._known, negatives]) - self._base.mean) / self._base.spread
        strange = np.arange(len(rows)) >= len(self._known)
        mass = np.concatenate([self._weights / self._weights.sum(), 1 / count[place] / len(count)])
        fitted = LogisticRegression(C=_STRENGTH).fit(rows, strange, sample_weight=mass * len(rows))
        shares = np.maximum(fitted.coef_[0], 0)
        if not shares.sum():
            return self._base.share
        belief = min(1.0, len(count) / _BELIEVED_FROM)
        return np.asarray(belief * shares / shares.sum() + (1 - belief) * self._base.share)

    def _fewest_errors(self, inside: np.ndarray, outside: np.ndarray, least: float) -> float:
        """The threshold from `least` on that turns away and passes least, both as shares."""
        if not len(outside):
            return least
        tried = np.unique(np.concatenate([[least], inside[inside > least], outside[outside > least]]))
        order = np.argsort(inside)
        below = np.concatenate([[0], np.cumsum(self._weights[order])])
        kept = below[np.searchsorted(inside[order], tried, side="right")] / below[-1]
        passed = np.searchsorted(outside, tried, side="right") / len(outside)
        return float(tried[np.argmin(passed - kept)])
