"""Accuracy on captured exchanges, estimated from an audit sample.

The estimate is the mean confidence of all exchanges, corrected by the weighted mean of right minus confidence over the
audited ones (difference estimator). The interval is an asymptotic confidence sequence, from a normal mixture over the
weighted sum, which holds at all looks together; `benchmarks/watching_audit.py` measures its coverage.
"""

import numpy as np

from discern.watching.audits.audits import Audits
from discern.watching.looks.look import LiveAccuracy

ALPHA = 0.05
FEWEST = 10
"""Number of audits below which an accuracy is not stated."""

# Variance, in units of one audit's largest error, at which the interval is narrowest, and that of the outcomes that
# few audits have not shown yet. Chosen by `benchmarks/watching_audit.py`.
_NARROWEST = 4.0
_UNSEEN = 4.0
_GRID = np.linspace(0, 1, 2001)


def estimate_accuracy(audits: Audits) -> LiveAccuracy | None:
    """Estimate the accuracy on all exchanges with an interval that holds at 95 % however often it is computed.

    Returns:
        The accuracy; None with less than `FEWEST` audits.
    """
    if len(audits) < FEWEST:
        return None
    weight = audits.weight / audits.weight.mean()
    residual = audits.is_right - audits.confidence
    value = float(np.clip(audits.mean_confidence + np.average(residual, weights=weight), 0, 1))
    held = np.append(_GRID[_is_held(weight, residual, _GRID - audits.mean_confidence)], value)
    return LiveAccuracy(value=value, low=float(held.min()), high=float(held.max()), audited=len(audits))


def _is_held(weight: np.ndarray, residual: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return for each possible mean of the residuals whether the audits leave it possible, bool `[g]`."""
    squared = weight**2
    total = weight @ residual - weight.sum() * centre
    variance = squared @ residual**2 - 2 * (squared @ residual) * centre + squared.sum() * centre**2
    variance += _UNSEEN + _NARROWEST
    return np.asarray(total**2 <= variance * np.log(variance / (_NARROWEST * ALPHA**2)))
