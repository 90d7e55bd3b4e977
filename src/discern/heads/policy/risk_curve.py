"""Error and acceptance rates of held-out predictions at confidence thresholds."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from discern.errors import UsageError

CERTAINTY = 0.95
_SMALLEST = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class RiskCurve:
    """Risk-coverage curve in order of increasing coverage.

    Attributes:
        t_accept: float64 `[T]`, descending confidence thresholds.
        share: float64 `[T]`, share of all pictures that are accepted.
        picture_error: float64 `[T]`, share of the accepted pictures that are wrong.
        groups: int64 `[T]`, number of independent groups with an accepted picture.
        wrong: int64 `[T]`, number of these groups with an error among the accepted pictures.
        high: float64 `[T]`, upper bound of the error rate over groups at 95 % (one-sided, Clopper & Pearson 1934).
    """

    t_accept: np.ndarray
    share: np.ndarray
    picture_error: np.ndarray
    groups: np.ndarray
    wrong: np.ndarray
    high: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """Return the error rate over groups at each confidence threshold."""
        return np.asarray(self.wrong / self.groups)


def upper_bound(wrong: np.ndarray | int, groups: np.ndarray | int) -> np.ndarray:
    """Compute the one-sided 95 % Clopper-Pearson upper bound of an error rate."""
    right = np.subtract(groups, wrong)
    bound = special.betaincinv(np.add(wrong, 1), np.maximum(right, 1), CERTAINTY)
    return np.where(right > 0, bound, 1.0)


class RankedPredictions:
    """Predictions for risk control, sorted by confidence.

    The arguments are those of `fit_risk_control`; predictions with a confidence below `least` are never accepted.
    """

    def __init__(
        self,
        confidence: np.ndarray,
        correct: np.ndarray,
        groups: np.ndarray | None,
        known: np.ndarray | None,
        weights: np.ndarray | None,
        *,
        least: float,
    ) -> None:
        confidence, wrong = np.asarray(confidence, np.float64), ~np.asarray(correct, bool)
        weight = np.ones(len(confidence)) if weights is None else np.asarray(weights, np.float64)
        names = np.arange(len(confidence)) if groups is None else np.asarray(groups)
        acceptable = np.ones(len(confidence), bool) if known is None else np.asarray(known, bool)
        _check(confidence, wrong, names, acceptable, weight)
        self._total, self._least = weight.sum(), least
        rows = np.flatnonzero(acceptable & (weight > 0) & (confidence >= least))
        rows = rows[np.argsort(confidence[rows], kind="stable")]
        self._confidence, self._wrong, self._weight = confidence[rows], wrong[rows], weight[rows]
        group = self._group = names[rows]
        self._by_group = _largest_by_group(self._confidence, group)
        self._by_wrong_group = _largest_by_group(self._confidence[self._wrong], group[self._wrong])
        self.groups = len(self._by_group)

    def curve(self, counts: np.ndarray) -> RiskCurve:
        """Compute the risk-coverage curve at thresholds that accept given numbers of groups."""
        t_accept = self._thresholds(counts)
        groups, wrong = (_count_from(each, t_accept) for each in (self._by_group, self._by_wrong_group))
        accepted, errors = (self._mass(weight, t_accept) for weight in (self._weight, self._weight * self._wrong))
        return RiskCurve(
            t_accept=t_accept,
            share=accepted / self._total,
            picture_error=errors / accepted,
            groups=groups,
            wrong=wrong,
            high=upper_bound(wrong, groups),
        )

    def above(self, confidence: float) -> tuple[int, int]:
        """Count the groups with a prediction at or above a confidence, and those with a wrong one."""
        groups, wrong = (_count_from(each, np.array([confidence])) for each in (self._by_group, self._by_wrong_group))
        return int(groups[0]), int(wrong[0])

    def lowest_accepted(self, t_accept: np.ndarray) -> np.ndarray:
        """Return the lowest confidence at or above each threshold."""
        return self._confidence[np.searchsorted(self._confidence, t_accept)] if len(t_accept) else t_accept

    def expected_wrong(self, counts: np.ndarray) -> np.ndarray:
        """Return the sum over the accepted groups of the probability of an error, by the confidences."""
        group = np.unique(self._group, return_inverse=True)[1]
        log_right = np.log(np.clip(self._confidence, _SMALLEST, 1))
        expected = []
        for threshold in self._threshold_of(counts):
            accepted = self._confidence >= threshold
            expected.append(float(np.sum(1 - np.exp(np.bincount(group[accepted], log_right[accepted])))))
        return np.array(expected)

    def _thresholds(self, counts: np.ndarray) -> np.ndarray:
        """Return distinct descending thresholds that accept given numbers of groups."""
        return np.unique(self._threshold_of(counts))[::-1]

    def _threshold_of(self, counts: np.ndarray) -> np.ndarray:
        """Return the threshold that accepts each number of groups.

        It is just above the confidence of the first group excluded; where none is, it is the lowest one allowed.
        """
        place = np.searchsorted(self._by_group, self._by_group[self.groups - counts])
        above = np.nextafter(self._by_group[np.maximum(place - 1, 0)], np.inf)
        return np.where(place > 0, above, self._least)

    def _mass(self, weight: np.ndarray, t_accept: np.ndarray) -> np.ndarray:
        """Return the total weight of predictions at or above each threshold."""
        below = np.concatenate([[0.0], np.cumsum(weight)])
        return np.asarray(below[-1] - below[np.searchsorted(self._confidence, t_accept)])


def _count_from(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Count ascending values at or above each threshold."""
    return np.asarray(len(values) - np.searchsorted(values, thresholds))


def _largest_by_group(ascending: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the largest value of each group in ascending order, given ascending values."""
    return np.sort(ascending[len(group) - 1 - np.unique(group[::-1], return_index=True)[1]])


def _check(confidence: np.ndarray, *others: np.ndarray) -> None:
    if confidence.ndim != 1 or any(other.shape != confidence.shape for other in others):
        shapes = ", ".join(str(each.shape) for each in (confidence, *others))
        raise UsageError(f"All arguments need one value per picture, in shape [M]; got {shapes}.")
    weight = others[-1]
    if not ((confidence >= 0) & (confidence <= 1)).all() or not ((weight >= 0) & np.isfinite(weight)).all():
        raise UsageError("Confidences must be in [0, 1], and weights finite and at least 0.")
