"""Functions that compute the metrics of ordinal classification."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from discern.errors import UsageError
from discern.evaluating.intervals import (
    FEWEST_GROUPS,
    TOO_FEW,
    Interval,
    Members,
    mean_interval,
    resample,
    share_interval,
)


@dataclass(frozen=True, kw_only=True)
class OrdinalMetrics:
    """Error metrics of ordinal classification, with distances counted in labels.

    Attributes:
        mae: mean absolute error.
        rmse: root mean squared error.
        quadratic_kappa: quadratic weighted kappa (Cohen 1968), 1 at best; undefined if truth and predictions are one
            label.
        within_one: share of predictions at most one label off.
        mae_of_median: mean absolute error of always predicting `median`, the best constant prediction.
        gain: `mae_of_median` minus `mae`, with the interval of the paired difference.
        median: index of the weighted median label of the truth.
    """

    mae: Interval
    rmse: Interval
    quadratic_kappa: Interval
    within_one: Interval
    mae_of_median: Interval
    gain: Interval
    median: int

    def to_json(self) -> dict[str, Any]:
        """Convert the ordinal metrics to JSON-ready values, with null for undefined ones."""
        return asdict(self)


def evaluate_ordinal(
    truth: np.ndarray,
    predicted: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    seed: int = 0,
) -> OrdinalMetrics:
    """Compute error and agreement metrics of ordinal predictions.

    Predictions by `bundle.median_label` minimise the expected distance.

    Args:
        truth: int [N], indices in the order of the labels.
        predicted: int [N], likewise.
        groups: [N], dependent pictures share a value; None if all are independent.
        weights: float [N], 0 or more; None for 1 each.
        seed: random seed of the resampling.

    Raises:
        UsageError: no pictures, wrong shapes, or indices that are not integers of 0 or more.
    """
    for places in (truth, predicted):
        if places.ndim != 1 or places.shape != truth.shape or not np.issubdtype(places.dtype, np.integer):
            raise UsageError(f"Label indices must be one integer for each picture, not {places.dtype} {places.shape}.")
    members = Members.of(len(truth), groups, weights)
    if members.count == 0:
        raise UsageError(
            "There is nothing to evaluate: all weights are 0.", hint="Pass at least one picture with a weight above 0."
        )
    if min(truth.min(), predicted.min()) < 0:
        raise UsageError("A label index is below 0.", hint="Leave out pictures without a label.")
    median = _median(truth, members.weight)
    moments = _Moments(truth.astype(np.float64), predicted.astype(np.float64), median, members, seed=seed)
    return OrdinalMetrics(
        mae=moments.interval(_mae, mean_interval),
        rmse=moments.interval(_rmse, mean_interval),
        quadratic_kappa=moments.interval(_kappa, _agreement_interval),
        within_one=moments.interval(_within_one, share_interval),
        mae_of_median=moments.interval(_mae_of_median, mean_interval),
        gain=moments.interval(_gain, _difference_interval),
        median=median,
    )


class _Moments:
    """Weighted means over all images and over each bootstrap sample."""

    def __init__(self, truth: np.ndarray, predicted: np.ndarray, median: int, members: Members, *, seed: int) -> None:
        off = np.abs(truth - predicted)
        one, squares = np.ones(len(truth)), truth**2 + predicted**2
        columns = members.columns(one, off, off**2, off <= 1, np.abs(truth - median), truth, predicted, squares)
        self._groups = members.count
        self._whole, self._draws = (
            (sums / sums[:, :1]).T for sums in (columns.sum(axis=0)[None], resample(columns, seed=seed))
        )

    def interval(self, metric: Callable[[np.ndarray], np.ndarray], ends: Callable[..., Interval]) -> Interval:
        value = float(metric(self._whole)[0])
        if np.isnan(value):
            return Interval(value=None, note="truth and predictions are one label")
        return ends(value, metric(self._draws), groups=self._groups)


def _mae(means: np.ndarray) -> np.ndarray:
    return np.asarray(means[1])


def _rmse(means: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(means[2]))


def _within_one(means: np.ndarray) -> np.ndarray:
    return np.asarray(np.minimum(means[3], 1.0))


def _mae_of_median(means: np.ndarray) -> np.ndarray:
    return np.asarray(means[4])


def _gain(means: np.ndarray) -> np.ndarray:
    return np.asarray(means[4] - means[1])


def _kappa(means: np.ndarray) -> np.ndarray:
    """Compute the quadratic weighted kappa of ordinal predictions."""
    by_chance = means[7] - 2 * means[5] * means[6]
    defined = by_chance > 1e-12
    return np.where(defined, 1 - means[2] / np.where(defined, by_chance, 1.0), np.nan)


def _agreement_interval(value: float, draws: np.ndarray, *, groups: int) -> Interval:
    if groups < FEWEST_GROUPS:
        return Interval(value=value, note=TOO_FEW)
    half = float(stats.t.ppf(0.975, groups - 1) * np.nanstd(draws, ddof=1))
    return Interval(value=value, low=max(-1.0, value - half), high=min(1.0, value + half))


def _difference_interval(value: float, draws: np.ndarray, *, groups: int) -> Interval:
    if groups < FEWEST_GROUPS:
        return Interval(value=value, note=TOO_FEW)
    half = float(stats.t.ppf(0.975, groups - 1) * draws.std(ddof=1))
    return Interval(value=value, low=value - half, high=value + half)


def _median(places: np.ndarray, weight: np.ndarray) -> int:
    below = np.cumsum(np.bincount(places, weight))
    return int(np.argmax(below >= below[-1] / 2))
