"""Upper confidence limit of the expected value of a bet, given a finite reference."""

import numpy as np
from scipy.special import log_ndtr

_STEPS, _NEWTON = 60, 60


def limit_expectation(bet: np.ndarray, error: float) -> float:
    """Return an upper confidence limit of the expected value of a bet on the rank of a new score.

    The new score falls between two neighbours among n reference scores of the same distribution with random
    probabilities that are uniform on the simplex, whatever the distribution. The limit is that quantile of the mean of
    `bet` with these weights, by the saddlepoint approximation of Lugannani and Rice.

    Args:
        bet: float `[n + 1]`, value of the bet for each rank, 0 or larger.
        error: probability that the expected value is larger, in (0, .5).
    """
    low, high = float(np.mean(bet)), float(np.max(bet))
    if high - low <= 1e-12 * max(1.0, high):
        return high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _log_tail(bet - middle) > np.log(error):
            low = middle
        else:
            high = middle
        if high - low <= 1e-7 * high:
            break
    return high


def _log_tail(difference: np.ndarray) -> float:
    """Return the log probability that a sum with standard exponential weights is positive; its mean is negative."""
    total, squares = float(difference.sum()), float((difference**2).sum())
    if total >= -1e-9 * np.sqrt(squares):
        return float(np.log(0.5))
    at = _saddlepoint(difference)
    shrunk = 1 - at * difference
    exponent = -float(np.log(shrunk).sum())
    root = np.sqrt(max(0.0, -2 * exponent))
    scaled = at * np.sqrt(float(((difference / shrunk) ** 2).sum()))
    if root < 1e-4:
        return float(np.log(0.5))
    # Of Barndorff-Nielsen, which agrees with Lugannani and Rice and stays positive far out in the tail.
    return float(log_ndtr(-(root + np.log(scaled / root) / root)))


def _saddlepoint(difference: np.ndarray) -> float:
    """Solve for the point at which the derivative of the cumulant generating function is zero."""
    low, high = 0.0, float(1 / difference.max()) * (1 - 1e-12)
    at = min(high / 2, float(-difference.sum() / (difference**2).sum()))
    for _ in range(_NEWTON):
        ratio = difference / (1 - at * difference)
        slope = float(ratio.sum())
        low, high = (at, high) if slope < 0 else (low, at)
        step = at - slope / float((ratio**2).sum())
        new = step if low < step < high else (low + high) / 2
        if abs(new - at) <= 1e-9 * high:
            break
        at = new
    return at
