"""Functions that compute the metrics of out-of-distribution detection."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

from discern.errors import UsageError
from discern.evaluating.intervals import FEWEST_GROUPS, TOO_FEW, Interval, evaluate_share, wilson
from discern.evaluating.json_fields import encode_fields, key


@dataclass(frozen=True, kw_only=True)
class UnknownMetrics:
    """AUROC and error rates of out-of-distribution detection.

    Attributes:
        auroc: probability that a negative scores higher than a known picture; ties count half.
        kept: share of known pictures at or below the threshold.
        rejected: share of negatives above it.
        known: number of known pictures.
        negatives: number of negatives.
    """

    auroc: Interval
    kept: Interval
    rejected: Interval
    known: int
    negatives: int = field(metadata=key("strangers"))

    def to_json(self) -> dict[str, Any]:
        """Convert the detection metrics to JSON-ready values, with null for undefined ones."""
        return encode_fields(self)


def evaluate_unknown_detection(
    known_scores: np.ndarray,
    negative_scores: np.ndarray,
    threshold: float,
    *,
    known_groups: np.ndarray | None = None,
    negative_groups: np.ndarray | None = None,
    seed: int = 0,
) -> UnknownMetrics:
    """Compute detection metrics from the out-of-distribution scores of known images and negatives.

    Args:
        known_scores: float [N], higher is farther from the training pictures.
        negative_scores: float [M].
        threshold: scores above it are called unknown.
        known_groups: [N], dependent pictures share a value; None if all are independent.
        negative_groups: [M], likewise.
        seed: random seed of the resampling.

    Raises:
        UsageError: a score is not finite, the threshold is NaN, or a shape is wrong.
    """
    known, negatives = _checked(known_scores), _checked(negative_scores)
    if np.isnan(threshold):
        raise UsageError("The threshold of the unknown score is NaN.")
    return UnknownMetrics(
        auroc=_auroc(known, negatives),
        kept=evaluate_share(known <= threshold, groups=known_groups, seed=seed),
        rejected=evaluate_share(negatives > threshold, groups=negative_groups, seed=seed),
        known=len(known),
        negatives=len(negatives),
    )


def _auroc(known: np.ndarray, negatives: np.ndarray) -> Interval:
    """Compute the area under the ROC curve (AUROC) with its DeLong confidence interval.

    It is the Mann-Whitney statistic by midranks, with the variance of DeLong et al. (1988) and Wilson's ends.
    """
    n, m = len(known), len(negatives)
    if n == 0 or m == 0:
        return Interval(value=None, note="needs known pictures and negatives")
    ranks = stats.rankdata(np.concatenate([known, negatives]))
    above = (ranks[n:] - stats.rankdata(negatives)) / n
    below = 1 - (ranks[:n] - stats.rankdata(known)) / m
    value = float(np.clip(above.mean(), 0.0, 1.0))
    if min(n, m) < FEWEST_GROUPS:
        return Interval(value=value, note=TOO_FEW)
    variance = above.var(ddof=1) / m + below.var(ddof=1) / n
    size = value * (1 - value) / variance if variance > 0 and 0 < value < 1 else min(n, m)
    low, high = wilson(value, float(size), quantile=float(stats.norm.ppf(0.975)))
    return Interval(value=value, low=low, high=high)


def _checked(scores: np.ndarray) -> np.ndarray:
    checked = np.asarray(scores, dtype=np.float64)
    if checked.ndim != 1 or not np.isfinite(checked).all():
        raise UsageError(f"Unknown scores must be finite numbers, one for each picture, not shape {checked.shape}.")
    return checked
