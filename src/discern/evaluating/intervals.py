"""Functions that compute confidence intervals of means over groups of dependent pictures."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from discern.errors import UsageError
from discern.evaluating.group_variance import FEWEST_GROUPS, GroupVariance, Members, enough_groups

TOO_FEW = "too few groups for an interval"
NO_PICTURES = "no pictures"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Estimate of a metric with its 95 % confidence interval.

    Attributes:
        value: the estimate; None if it is undefined.
        low: lower end of the interval; None if it is undefined.
        high: upper end likewise.
        note: reason why the value or the ends are undefined; else None.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Convert the interval to JSON-ready values, with null for undefined ones."""
        return asdict(self)


UNDEFINED = Interval()


def wilson(share: float, size: float, *, quantile: float) -> tuple[float, float]:
    """Compute the Wilson score interval of a proportion from `size` independent trials (Wilson 1927)."""
    extra = quantile**2 / size
    middle = share + extra / 2
    half = quantile * np.sqrt(share * (1 - share) / size + extra / (4 * size))
    return max(0.0, float((middle - half) / (1 + extra))), min(1.0, float((middle + half) / (1 + extra)))


def share_interval(value: float, variance: GroupVariance, *, fewest: int = FEWEST_GROUPS) -> Interval:
    """Compute the confidence interval of a proportion.

    The ends are Wilson's for the effective number of independent trials (Korn & Graubard 1998; Dean & Pagano 2015),
    with Student's quantile for the effective number of groups.

    Args:
        value: the proportion, in [0, 1].
        variance: its sampling variance.
        fewest: fewest effective groups for an interval, above 1.
    """
    if not enough_groups(variance.groups, fewest):
        return Interval(value=value, note=TOO_FEW)
    low, high = wilson(value, variance.trials(value * (1 - value)), quantile=variance.quantile)
    return Interval(value=value, low=min(low, value), high=max(high, value))


def difference_interval(value: float, variance: GroupVariance, *, most: float = np.inf) -> Interval:
    """Compute the confidence interval of a mean of paired differences, in [-most, most].

    One more pair in favour of either side, as in Agresti & Min (2005), keeps the coverage where the two rarely differ;
    the interval has a width even if they never do.
    """
    if not enough_groups(variance.groups):
        return Interval(value=value, note=TOO_FEW)
    size = variance.trials(variance.unit)
    half = variance.quantile * np.sqrt(variance.unit * size + 1) / (size + 2)
    middle = value * size / (size + 2)
    low, high = float(middle - half), float(middle + half)
    return Interval(value=value, low=max(-most, min(value, low)), high=min(most, max(value, high)))


def loss_interval(
    value: float, variance: GroupVariance, *, pseudo: tuple[float, float], most: float = np.inf
) -> Interval:
    """Compute the confidence interval of a mean loss, on a logarithmic scale so that its ends are positive.

    Losses are skewed: a few groups are much worse than most. The interval is that of the mean over the groups and one
    pseudo-group, which is right or wrong as a whole.

    Args:
        value: the mean loss, 0 or more.
        variance: its sampling variance.
        pseudo: losses of the pseudo-group if right and if wrong.
        most: largest possible loss.
    """
    if not enough_groups(variance.groups):
        return Interval(value=value, note=TOO_FEW)
    if value <= 0 and pseudo[1] <= 0:
        return Interval(value=value, low=value, high=value)
    groups, own = variance.groups, np.sqrt(variance.value)
    middle = (groups * value + sum(pseudo) / 2) / (groups + 1)
    error = np.hypot(groups * own, np.sqrt(sum((each - value) ** 2 for each in pseudo) / 2)) / (groups + 1)
    factor = float(np.exp(variance.quantile * error / middle))
    # The pseudo-group must not lift the lower end.
    without = value * float(np.exp(-variance.quantile * own / value)) if value > 0 else 0.0
    return Interval(value=value, low=min(without, middle / factor), high=min(most, max(value, middle * factor)))


def evaluate_share(
    correct: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    seed: int = 0,  # noqa: ARG001 - callers of earlier versions pass it
) -> Interval:
    """Compute a weighted proportion, such as an accuracy, with its confidence interval.

    Args:
        correct: bool or float [N] in [0, 1].
        groups: [N], dependent pictures share a value; None if all are independent.
        weights: float [N]; None for 1 each.
        seed: without effect, as nothing is drawn.

    Raises:
        UsageError: wrong shapes or values.
    """
    right = _checked_shares(correct)
    return share_of(right, Members.of(len(right), groups, weights))


def share_of(right: np.ndarray, members: Members) -> Interval:
    """Compute a weighted proportion of given group members with its confidence interval."""
    if members.count == 0:
        return Interval(value=None, note=NO_PICTURES)
    value, variance = mean_variance(right, members)
    return share_interval(float(np.clip(value, 0.0, 1.0)), variance)


def mean_variance(values: np.ndarray, members: Members) -> tuple[float, GroupVariance]:
    """Compute a weighted mean and its sampling variance."""
    total = members.weight.sum()
    mean = float((members.weight * values).sum() / total)
    return mean, GroupVariance.of(members.weight / total, values - mean, members)


def paired_difference(
    correct_a: np.ndarray,
    correct_b: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    seed: int = 0,  # noqa: ARG001 - callers of earlier versions pass it
) -> Interval:
    """Compute the paired difference of two accuracies with its confidence interval.

    Args:
        correct_a: bool or float [N] in [0, 1].
        correct_b: likewise, for the same pictures.
        groups: [N], dependent pictures share a value; None if all are independent.
        weights: float [N]; None for 1 each.
        seed: without effect, as nothing is drawn.

    Returns:
        Accuracy of A minus that of B, in [-1, 1].

    Raises:
        UsageError: wrong shapes or values.
    """
    return paired_means(correct_a, correct_b, groups=groups, weights=weights)[0]


def paired_means(
    correct_a: np.ndarray, correct_b: np.ndarray, *, groups: np.ndarray | None, weights: np.ndarray | None
) -> tuple[Interval, GroupVariance | None]:
    """Compute the same difference and its sampling variance, which is None without pictures."""
    a, b = _checked_shares(correct_a), _checked_shares(correct_b)
    if len(a) != len(b):
        raise UsageError(f"Paired arrays must have the same length, not {len(a)} and {len(b)}.")
    members = Members.of(len(a), groups, weights)
    if members.count == 0:
        return Interval(value=None, note=NO_PICTURES), None
    value, variance = mean_variance(a - b, members)
    return difference_interval(value, variance, most=1.0), variance


def _checked_shares(correct: np.ndarray) -> np.ndarray:
    shares = np.asarray(correct, dtype=np.float64)
    if shares.ndim != 1 or not ((shares >= 0) & (shares <= 1)).all():
        raise UsageError(f"Correctness must be one value in [0, 1] for each picture, not shape {shares.shape}.")
    return shares
