"""How far a figure may be off: 95 % intervals that resample whole groups, never single pictures."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import sparse, stats

from discern.errors import UsageError

DRAWS = 1000
FEWEST_GROUPS = 20
TOO_FEW = "too few for an interval"
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure and the ends of its 95 % interval; None where undefined, and then `note` says why."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The four fields, JSON-ready."""
        return asdict(self)


UNDEFINED = Interval()


@dataclass(frozen=True, kw_only=True)
class Members:
    """Which group each picture is in and what it weighs; pictures that weigh nothing are in no group.

    Attributes:
        group: int64 [N], dense numbers 0..count-1 (any number where the weight is 0).
        weight: float64 [N], at least 0.
        count: how many groups weigh anything.
    """

    group: np.ndarray
    weight: np.ndarray
    count: int

    @staticmethod
    def of(size: int, groups: np.ndarray | None, weights: np.ndarray | None) -> "Members":
        """Check and number the groups of `size` pictures; None: every picture for itself, all weighing 1.

        Raises:
            UsageError: a wrong shape, or a weight that is negative or not finite.
        """
        weight = np.ones(size) if weights is None else np.asarray(weights, dtype=np.float64)
        named = np.arange(size) if groups is None else np.asarray(groups)
        if weight.shape != (size,) or named.shape != (size,):
            raise UsageError(
                f"Groups {named.shape} and weights {weight.shape} must each have one entry for each of {size} pictures."
            )
        if not np.isfinite(weight).all() or (weight < 0).any():
            raise UsageError("A weight is negative or not a finite number.", hint="Weigh each distinct content 1.")
        heavy = weight > 0
        group = np.zeros(size, dtype=np.int64)
        distinct, group[heavy] = np.unique(named[heavy], return_inverse=True)
        return Members(group=group, weight=weight, count=len(distinct))

    def columns(self, *values: np.ndarray) -> sparse.csr_array:
        """Weighted sums of each of `values` (each [N]) by group: [groups, len(values)]."""
        sums = [np.bincount(self.group, self.weight * value, minlength=self.count) for value in values]
        return sparse.csr_array(np.stack(sums, axis=1))


def resample(columns: sparse.csr_array, *, seed: int, draws: int = DRAWS) -> np.ndarray:
    """Sums of the columns over groups drawn with replacement (Efron 1979; Davison & Hinkley 1997, ch. 3.8).

    Args:
        columns: float64 [groups, m], each group's share of m sums.
        seed: the same seed draws the same groups.
        draws: how often as many groups are drawn as there are.

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
    """The ends of Wilson's (1927) interval for a share among `size` independent trials."""
    extra = quantile**2 / size
    middle = share + extra / 2
    half = quantile * np.sqrt(share * (1 - share) / size + extra / (4 * size))
    return max(0.0, float((middle - half) / (1 + extra))), min(1.0, float((middle + half) / (1 + extra)))


def share_interval(value: float, draws: np.ndarray, *, groups: int) -> Interval:
    """The interval of a figure between 0 and 1 from its values over resampled groups.

    The ends are Wilson's for the effective number of independent trials that the spread of the draws implies (Korn &
    Graubard 1998; Dean & Pagano 2015), with Student's quantile for the number of groups. Where nothing or everything
    is wrong the draws have no spread, and each group is one trial.

    Args:
        value: the figure, in [0, 1].
        draws: its values over resampled groups; NaN where a draw leaves it undefined.
        groups: how many groups it rests on.
    """
    if groups < FEWEST_GROUPS:
        return Interval(value=value, note=TOO_FEW)
    spread = float(np.nanvar(draws, ddof=1))
    certain = value <= 0 or value >= 1 or spread == 0
    size = groups if certain else value * (1 - value) / spread
    low, high = wilson(value, size, quantile=float(stats.t.ppf(0.975, groups - 1)))
    return Interval(value=value, low=min(low, value), high=max(high, value))


def mean_interval(value: float, draws: np.ndarray, *, groups: int) -> Interval:
    """The interval of a mean of losses (at least 0): Student's, with the spread over resampled groups."""
    if groups < FEWEST_GROUPS:
        return Interval(value=value, note=TOO_FEW)
    half = float(stats.t.ppf(0.975, groups - 1) * draws.std(ddof=1))
    return Interval(value=value, low=max(0.0, value - half), high=value + half)


def evaluate_share(
    correct: np.ndarray, *, groups: np.ndarray | None = None, weights: np.ndarray | None = None, seed: int = 0
) -> Interval:
    """The weighted share of pictures that are right (an accuracy), with its interval.

    Args:
        correct: bool or float [N] in [0, 1].
        groups: [N], pictures that are not independent share a value; None: all are independent.
        weights: float [N]; None: each weighs 1.
        seed: of the resampling.

    Raises:
        UsageError: wrong shapes or values.
    """
    right = _checked_shares(correct)
    members = Members.of(len(right), groups, weights)
    if members.count == 0:
        return Interval(value=None, note="no pictures")
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
    """How much larger the share that A has right is than B's, on the same pictures.

    The spread is that of the paired difference over resampled groups; one more group on either side, as in Agresti &
    Min (2005), keeps the interval honest where the two hardly differ, so it has a width even when they never do.

    Args:
        correct_a: bool or float [N] in [0, 1], A's answers.
        correct_b: the same for B.
        groups: [N], pictures that are not independent share a value; None: all are independent.
        weights: float [N]; None: each weighs 1.
        seed: of the resampling.

    Returns:
        A's share minus B's, in [-1, 1].

    Raises:
        UsageError: wrong shapes or values.
    """
    a, b = _checked_shares(correct_a), _checked_shares(correct_b)
    if len(a) != len(b):
        raise UsageError(f"A difference is paired: {len(a)} answers cannot be set against {len(b)}.")
    members = Members.of(len(a), groups, weights)
    count = members.count
    if count == 0:
        return Interval(value=None, note="no pictures")
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
        raise UsageError(f"Right or wrong must be one value in [0, 1] for each picture, not shape {shares.shape}.")
    return shares


def _clipped_share(sums: np.ndarray) -> float:
    return float(min(1.0, max(0.0, sums[1] / sums[0])))
