"""How well strangers (pictures of none of the classes) are told from what is known."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from discern.errors import UsageError
from discern.evaluating.intervals import FEWEST_GROUPS, TOO_FEW, Interval, evaluate_share, wilson


@dataclass(frozen=True, kw_only=True)
class UnknownMetrics:
    """What the unknown score is worth.

    Attributes:
        auroc: the chance that a stranger scores higher than a known picture, a tie counting half.
        kept: the share of known pictures at or below the threshold.
        rejected: the share of strangers above it.
        known: how many known pictures were judged.
        strangers: how many strangers were judged.
    """

    auroc: Interval
    kept: Interval
    rejected: Interval
    known: int
    strangers: int

    def to_json(self) -> dict[str, Any]:
        """JSON-ready, null where undefined."""
        return asdict(self)


def evaluate_unknown_detection(
    known_scores: np.ndarray,
    stranger_scores: np.ndarray,
    threshold: float,
    *,
    known_groups: np.ndarray | None = None,
    stranger_groups: np.ndarray | None = None,
    seed: int = 0,
) -> UnknownMetrics:
    """Set the unknown scores of known pictures against those of strangers.

    Args:
        known_scores: float [N], higher is stranger; none may come from pictures that were learned from.
        stranger_scores: float [M].
        threshold: a picture is unknown when its score is above it.
        known_groups: [N], pictures that are not independent share a value; None: all are independent.
        stranger_groups: [M], likewise.
        seed: of the resampling.

    Raises:
        UsageError: a score or the threshold is not a finite number, or a shape is wrong.
    """
    known, strangers = _checked(known_scores), _checked(stranger_scores)
    if np.isnan(threshold):
        raise UsageError(f"The threshold {threshold} is no number.")
    return UnknownMetrics(
        auroc=_auroc(known, strangers),
        kept=evaluate_share(known <= threshold, groups=known_groups, seed=seed),
        rejected=evaluate_share(strangers > threshold, groups=stranger_groups, seed=seed),
        known=len(known),
        strangers=len(strangers),
    )


def _auroc(known: np.ndarray, strangers: np.ndarray) -> Interval:
    """The Mann-Whitney statistic by midranks; its variance after DeLong et al. (1988), ends as Wilson's."""
    n, m = len(known), len(strangers)
    if n == 0 or m == 0:
        return Interval(value=None, note="needs known pictures and strangers")
    ranks = stats.rankdata(np.concatenate([known, strangers]))
    above = (ranks[n:] - stats.rankdata(strangers)) / n
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
