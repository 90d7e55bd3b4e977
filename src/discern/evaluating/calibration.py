"""Functions that estimate the calibration error and reliability curve of a classifier."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
from scipy import sparse, special

from discern.errors import UsageError
from discern.evaluating.group_variance import Members, enough_groups
from discern.evaluating.intervals import TOO_FEW, Interval, mean_variance, share_interval
from discern.evaluating.json_fields import decode, encode_fields, optional

BINS = 15
DRAWS = 1000
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Bin of a reliability curve.

    Attributes:
        pictures: number of predictions.
        confidence: their mean confidence, in [0, 1].
        accuracy: their accuracy, in [0, 1].
        low: lower end of the 95 % interval of `accuracy`; None with fewer than two effective groups.
        high: upper end likewise.
    """

    pictures: int
    confidence: float
    accuracy: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class CalibrationError(Interval):
    """Debiased expected calibration error of a classifier, between 0 and 1.

    Attributes:
        null95: 95 % quantile of the error of a perfectly calibrated model with the same confidences and groups.
        chance: its mean error.
    """

    null95: float | None = None
    chance: float | None = field(default=None, metadata=optional())

    def to_json(self) -> dict[str, Any]:
        """Convert the calibration error to JSON-ready values, with null for undefined ones."""
        return encode_fields(self)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Debiased calibration error and reliability curve of a classifier.

    Attributes:
        ece: debiased expected calibration error, in [0, 1].
        null95: 95 % quantile of the error of a perfectly calibrated model with the same confidences and groups.
        chance: its mean error; defined for few groups as well.
        bins: reliability curve, by ascending confidence.
    """

    ece: Interval
    null95: float | None
    chance: float | None
    bins: tuple[ReliabilityBin, ...]

    @property
    def error(self) -> CalibrationError:
        """Return the debiased calibration error beside that of chance."""
        return CalibrationError(**asdict(self.ece), null95=self.null95, chance=self.chance)

    def to_json(self) -> dict[str, Any]:
        """Convert the calibration error and reliability curve to JSON-ready values."""
        return {"ece": self.error.to_json(), "reliability": [asdict(each) for each in self.bins]}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Create a `Calibration` from the output of `to_json`.

        Raises:
            ValueError: a value has the wrong type; the message names its key.
        """
        error = decode(CalibrationError, plain.get("ece"), at="ece")
        return cls(
            ece=Interval(value=error.value, low=error.low, high=error.high, note=error.note),
            null95=error.null95,
            chance=error.chance,
            bins=decode(tuple[ReliabilityBin, ...], plain.get("reliability"), at="reliability"),
        )


def evaluate_calibration(
    confidence: np.ndarray,
    correct: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    seed: int = 0,
) -> Calibration:
    """Compute the debiased calibration error and the reliability curve of a classifier.

    15 bins of equal mass are used. A plain expected calibration error is positive even for a perfect model, because
    each bin's accuracy is noisy. As in Kumar, Liang & Ma (2019, "Verified uncertainty calibration"), the expected
    contribution of that noise is subtracted under a normal approximation; bins of equal mass are the less biased choice
    of Roelofs et al. (2022, "Mitigating bias in calibration error estimation"). The noise is estimated between groups.

    Args:
        confidence: float [N] in [0, 1], probability of the predicted label.
        correct: bool [N].
        groups: [N], dependent pictures share a value; None if all are independent.
        weights: float [N]; None for 1 each.
        seed: random seed of resampling and simulation.

    Raises:
        UsageError: wrong shapes or values.
    """
    sure = np.asarray(confidence, dtype=np.float64)
    right = np.asarray(correct, dtype=np.float64)
    if sure.ndim != 1 or right.shape != sure.shape or not ((sure >= 0) & (sure <= 1)).all():
        raise UsageError(
            f"Confidences must be in [0, 1] and have the shape of correct, {right.shape}, not {sure.shape}."
        )
    members = Members.of(len(sure), groups, weights)
    heavy = members.weight > 0
    if not heavy.any():
        return Calibration(ece=Interval(value=None, note="no pictures"), null95=None, chance=None, bins=())
    members = members.of_rows(np.flatnonzero(heavy))
    cells = _Cells(sure[heavy], right[heavy], members)
    ece, by_chance = cells.interval(seed), cells.simulate(seed)
    chance = float(by_chance.mean())
    if ece.low is None or ece.value is None:
        return Calibration(ece=ece, null95=None, chance=chance, bins=cells.reliability())
    null95 = float(np.quantile(by_chance, 0.95))
    if ece.value <= null95:
        # Resampling cannot reach the boundary: an error that chance explains may be 0.
        ece = replace(ece, low=0.0)
    return Calibration(ece=ece, null95=null95, chance=chance, bins=cells.reliability())


def equal_mass_bins(confidence: np.ndarray, weight: np.ndarray, *, bins: int = BINS) -> np.ndarray:
    """Assign predictions to confidence bins of equal mass, so that equal confidences share a bin."""
    distinct, place = np.unique(confidence, return_inverse=True)
    mass = np.bincount(place, weight, minlength=len(distinct))
    middle = np.cumsum(mass) - mass / 2
    nominal = np.floor(bins * middle / mass.sum()).astype(np.int64)[place]
    return np.unique(nominal, return_inverse=True)[1]


class _Cells:
    """Sufficient statistics of the calibration error for each group and confidence bin."""

    def __init__(self, confidence: np.ndarray, correct: np.ndarray, members: Members) -> None:
        bins = equal_mass_bins(confidence, members.weight, bins=max(1, min(BINS, len(confidence) // 2)))
        order = np.lexsort((members.group, bins))
        self._confidence, self._correct = confidence[order], correct[order]
        self._weight, self._group, self._bin = members.weight[order], members.group[order], bins[order]
        self._members, self._groups, self._bins = members, members.count, int(bins.max()) + 1
        fresh = (np.diff(self._bin, prepend=-1) != 0) | (np.diff(self._group, prepend=-1) != 0)
        self._starts = np.flatnonzero(fresh)
        self._cell_bin, self._cell_group = self._bin[self._starts], self._group[self._starts]
        self._bin_starts = np.flatnonzero(np.diff(self._cell_bin, prepend=-1))
        self._mass = np.add.reduceat(self._weight, self._starts)
        cells_of_bin = np.bincount(self._cell_bin)
        self._small_sample = cells_of_bin / np.maximum(cells_of_bin - 1, 1)

    def _gaps(self) -> np.ndarray:
        return np.add.reduceat(self._weight * (self._correct - self._confidence), self._starts)

    def interval(self, seed: int) -> Interval:
        gap, mass = self._gaps(), self._mass
        columns = np.arange(5)[:, None] * self._bins + self._cell_bin
        values = np.stack([mass, gap, gap * gap, gap * mass, mass * mass])
        table = sparse.csr_array(
            (values.ravel(), (np.tile(self._cell_group, 5), columns.ravel())), shape=(self._groups, 5 * self._bins)
        )
        value = float(self._error(table.sum(axis=0).reshape(5, 1, -1))[0])
        if not enough_groups(self._members.effective_groups()):
            return Interval(value=value, note=TOO_FEW)
        draws = resample(table, seed=seed).reshape(-1, 5, self._bins).transpose(1, 0, 2)
        # A draw has the noise of the sample and that of the resampling: twice the variance is subtracted.
        low, high = np.quantile(self._error(draws, noise=2.0), [0.025, 0.975])
        return Interval(value=value, low=min(value, float(low)), high=max(value, float(high)))

    def _error(self, sums: np.ndarray, *, noise: float = 1.0) -> np.ndarray:
        mass, gap, gap_gap, gap_mass, mass_mass = sums
        safe = np.where(mass > 0, mass, 1.0)
        mean = gap / safe
        variance = np.maximum(gap_gap - 2 * mean * gap_mass + mean**2 * mass_mass, 0.0) / safe**2
        spread = np.sqrt(variance * self._small_sample * noise)
        each = 2 * np.abs(mean) - _folded_mean(mean, spread)
        return np.asarray(np.maximum((mass * each).sum(axis=-1) / mass.sum(axis=-1), 0.0))

    def simulate(self, seed: int) -> np.ndarray:
        """Simulate calibration errors of a perfectly calibrated classifier with the same confidences."""
        random = np.random.default_rng(seed)
        correlated = np.sqrt(self._intraclass_correlation())
        batch = max(1, min(DRAWS, _CELLS_AT_ONCE // len(self._confidence)))
        errors = []
        for start in range(0, DRAWS, batch):
            size = min(batch, DRAWS - start)
            luck = random.random((size, len(self._confidence)), dtype=np.float32)
            if correlated > 0:
                shared = random.random((size, self._groups), dtype=np.float32)[:, self._group]
                luck = np.where(random.random(luck.shape, dtype=np.float32) < correlated, shared, luck)
            residual = self._weight * ((luck < self._confidence) - self._confidence)
            gap = np.add.reduceat(residual, self._starts, axis=1)
            mass = np.broadcast_to(self._mass, gap.shape)
            sums = [mass, gap, gap * gap, gap * mass, mass * mass]
            errors.append(self._error(np.stack([np.add.reduceat(each, self._bin_starts, axis=1) for each in sums])))
        return np.concatenate(errors)

    def _intraclass_correlation(self) -> float:
        """Estimate the intraclass correlation of prediction errors within groups."""
        residual = self._correct - self._confidence
        residual = residual - (np.bincount(self._bin, residual) / np.bincount(self._bin))[self._bin]
        spread = np.sqrt(self._confidence * (1 - self._confidence))
        observed, possible = (
            (np.bincount(self._group, each) ** 2).sum() - (each**2).sum() for each in (residual, spread)
        )
        return float(np.clip(observed / possible, 0.0, 1.0)) if possible > 1e-9 else 0.0

    def reliability(self) -> tuple[ReliabilityBin, ...]:
        ends = np.flatnonzero(np.diff(self._bin)) + 1
        parts = [np.split(each, ends) for each in (self._confidence, self._correct, self._group, self._weight)]
        return tuple(_reliability_bin(*each) for each in zip(*parts, strict=True))


def _reliability_bin(sure: np.ndarray, right: np.ndarray, group: np.ndarray, weight: np.ndarray) -> ReliabilityBin:
    members = Members.of(len(sure), group, weight)
    value, variance = mean_variance(right, members)
    accuracy = share_interval(float(np.clip(value, 0.0, 1.0)), variance, fewest=2)
    return ReliabilityBin(
        pictures=len(sure),
        confidence=min(1.0, float(np.average(sure, weights=weight))),
        accuracy=float(np.clip(value, 0.0, 1.0)),
        low=accuracy.low,
        high=accuracy.high,
    )


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


def _folded_mean(mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Compute the mean of a folded normal distribution."""
    ratio = np.abs(mean) / np.maximum(spread, 1e-12)
    noise = spread * np.sqrt(2 / np.pi) * np.exp(-(np.minimum(ratio, 1e6) ** 2) / 2)
    return np.asarray(noise + np.abs(mean) * special.erf(ratio / np.sqrt(2)))
