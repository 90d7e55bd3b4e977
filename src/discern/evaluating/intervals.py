"""Functions that compute confidence intervals by the cluster bootstrap, which resamples groups."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import sparse, stats

from discern.errors import UsageError

DRAWS = 1000
FEWEST_GROUPS = 20
TOO_FEW = "too few groups for an interval"
NO_PICTURES = "no pictures"
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Estimate of a metric with its 95 % confidence interval.

    `note` is the reason where the value or the ends are undefined (None).
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Convert the interval to JSON-ready values, with null for undefined ones."""
        return asdict(self)


UNDEFINED = Interval()


@dataclass(frozen=True, kw_only=True)
class Members:
    """Group membership and weight of each image for the cluster bootstrap.

    Attributes:
        group: int64 [N], numbers 0..count-1; undefined where the weight is 0.
        weight: float64 [N], 0 or more.
        count: number of groups with a weight above 0.
    """

    group: np.ndarray
    weight: np.ndarray
    count: int

    @staticmethod
    def of(size: int, groups: np.ndarray | None, weights: np.ndarray | None) -> "Members":
        """Validate optional groups and weights of images, and number the groups.

        Raises:
            UsageError: a wrong shape, or a weight that is negative or not finite.
        """
        weight = np.ones(size) if weights is None else np.asarray(weights, dtype=np.float64)
        named = np.arange(size) if groups is None else np.asarray(groups)
        if weight.shape != (size,) or named.shape != (size,):
            raise UsageError(
                f"Groups {named.shape} and weights {weight.shape} must have one entry for each of {size} pictures."
            )
        if not np.isfinite(weight).all() or (weight < 0).any():
            raise UsageError(
                "Weights must be finite and 0 or more.", hint="Pass weights that sum to 1 over identical pictures."
            )
        heavy = weight > 0
        group = np.zeros(size, dtype=np.int64)
        distinct, group[heavy] = np.unique(named[heavy], return_inverse=True)
        return Members(group=group, weight=weight, count=len(distinct))

    def columns(self, *values: np.ndarray) -> sparse.csr_array:
        """Compute weighted sums of image values within each group."""
        sums = [np.bincount(self.group, self.weight * value, minlength=self.count) for value in values]
        return sparse.csr_array(np.stack(sums, axis=1))


def resample(columns: sparse.csr_array, *, seed: int, draws: int = DRAWS) -> np.ndarray:
    """Draw cluster bootstrap samples of group sums (Efron 1979; Davison & Hinkley 1997, ch. 3.8).

    Args:
        columns: float64 [groups, m], contribution of each group to m sums.
        seed: random seed.
        draws: number of bootstrap samples.

    Returns:
        float64 [draws, m].
    """
    groups = columns.shape[0]
    transposed = columns.T.tocsr()
    random = np.random.default_rng(seed)
    batch = max(1, min(draws, _CELLS_AT_ONCE // groups))
    sums = []
    for start in range(0, draws, batch):
        size = min(batch, draws - start)
        drawn = random.integers(groups, size=(size, groups))
        drawn += np.arange(size)[:, None] * groups
        times = np.bincount(drawn.ravel(), minlength=size * groups).reshape(size, groups)
        sums.append((transposed @ times.T.astype(np.float64)).T)
    return np.concatenate(sums)


def wilson(share: float, size: float, *, quantile: float) -> tuple[float, float]:
    """Compute the Wilson score interval of a proportion from `size` independent trials (Wilson 1927)."""
    extra = quantile**2 / size
    middle = share + extra / 2
    half = quantile * np.sqrt(share * (1 - share) / size + extra / (4 * size))
    return max(0.0, float((middle - half) / (1 + extra))), min(1.0, float((middle + half) / (1 + extra)))


def share_interval(value: float, draws: np.ndarray, *, groups: int) -> Interval:
    """Compute the confidence interval of a proportion from bootstrap samples.

    The ends are Wilson's for the effective number of independent trials that the spread of the draws implies (Korn &
    Graubard 1998; Dean & Pagano 2015), with Student's quantile for the number of groups. Where the proportion is 0 or 1
    the draws have no spread, and each group is one trial.

    Args:
        value: the proportion, in [0, 1].
        draws: its values over resampled groups; NaN where undefined in a draw.
        groups: number of groups.
    """
    if groups < FEWEST_GROUPS:
        return Interval(value=value, note=TOO_FEW)
    spread = float(np.nanvar(draws, ddof=1))
    certain = value <= 0 or value >= 1 or spread == 0
    size = groups if certain else value * (1 - value) / spread
    low, high = wilson(value, size, quantile=float(stats.t.ppf(0.975, groups - 1)))
    return Interval(value=value, low=min(low, value), high=max(high, value))


def mean_interval(value: float, draws: np.ndarray, *, groups: int) -> Interval:
    """Compute Student's t interval of a non-negative mean loss from bootstrap samples."""
    if groups < FEWEST_GROUPS:
        return Interval(value=value, note=TOO_FEW)
    half = float(stats.t.ppf(0.975, groups - 1) * draws.std(ddof=1))
    return Interval(value=value, low=max(0.0, value - half), high=value + half)


def evaluate_share(
    correct: np.ndarray, *, groups: np.ndarray | None = None, weights: np.ndarray | None = None, seed: int = 0
) -> Interval:
    """Compute a weighted proportion, such as an accuracy, with its confidence interval.

    Args:
        correct: bool or float [N] in [0, 1].
        groups: [N], dependent pictures share a value; None if all are independent.
        weights: float [N]; None for 1 each.
        seed: random seed of the resampling.

    Raises:
        UsageError: wrong shapes or values.
    """
    right = _checked_shares(correct)
    members = Members.of(len(right), groups, weights)
    if members.count == 0:
        return Interval(value=None, note=NO_PICTURES)
    columns = members.columns(np.ones(len(right)), right)
    value = _clipped_share(columns.sum(axis=0))
    draws = resample(columns, seed=seed)
    return share_interval(value, draws[:, 1] / draws[:, 0], groups=members.count)


def paired_difference(
    correct_a: np.ndarray,
    correct_b: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    seed: int = 0,
) -> Interval:
    """Compute the paired difference of two accuracies with its confidence interval.

    The standard error is that of the paired difference over resampled groups. One more group in favour of either side,
    as in Agresti & Min (2005), keeps the coverage where the two rarely differ; the interval has a width even if they
    never do.

    Args:
        correct_a: bool or float [N] in [0, 1].
        correct_b: likewise, for the same pictures.
        groups: [N], dependent pictures share a value; None if all are independent.
        weights: float [N]; None for 1 each.
        seed: random seed of the resampling.

    Returns:
        Accuracy of A minus that of B, in [-1, 1].

    Raises:
        UsageError: wrong shapes or values.
    """
    a, b = _checked_shares(correct_a), _checked_shares(correct_b)
    if len(a) != len(b):
        raise UsageError(f"Paired arrays must have the same length, not {len(a)} and {len(b)}.")
    members = Members.of(len(a), groups, weights)
    count = members.count
    if count == 0:
        return Interval(value=None, note=NO_PICTURES)
    columns = members.columns(np.ones(len(a)), a - b)
    total, gain = columns.sum(axis=0)
    value = float(gain / total)
    if count < FEWEST_GROUPS:
        return Interval(value=value, note=TOO_FEW)
    draws = resample(columns, seed=seed)
    spread = (draws[:, 1] / draws[:, 0]).var(ddof=1)
    half = float(stats.t.ppf(0.975, count - 1) * np.sqrt(spread * count**2 + 1) / (count + 2))
    middle = value * count / (count + 2)
    return Interval(value=value, low=max(-1.0, min(value, middle - half)), high=min(1.0, max(value, middle + half)))


def _checked_shares(correct: np.ndarray) -> np.ndarray:
    shares = np.asarray(correct, dtype=np.float64)
    if shares.ndim != 1 or not ((shares >= 0) & (shares <= 1)).all():
        raise UsageError(f"Correctness must be one value in [0, 1] for each picture, not shape {shares.shape}.")
    return shares


def _clipped_share(sums: np.ndarray) -> float:
    return float(min(1.0, max(0.0, sums[1] / sums[0])))
