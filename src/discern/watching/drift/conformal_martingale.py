"""Test martingale over many bets and starting times: the odds against "nothing has changed", valid at any time."""

from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

# Half of the capital is kept for later starting times, a quarter after 600 observations, and so on. Chosen with
# `benchmarks/watching_drift.py delays` among falls by 1 / log, square root and inverse of the time.
_LATER, _SLOWNESS = 0.5, 200.0


def add_and_multiply(before: np.ndarray, added: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Compute `x[t] = (x[t - 1] + added[t]) * factors[t]` in logarithms.

    Args:
        before: float `[B]`, log of the value before.
        added: float `[g]`, log of what is added at each time, to each of the B values.
        factors: float `[g, B]`, log factors.

    Returns:
        float64 `[g, B]`, logs of the values.
    """
    if not len(factors):
        return np.empty(factors.shape)
    product = np.cumsum(factors, axis=0)
    started = added[:, None] - (product - factors)
    started[0] = np.logaddexp(started[0], before)
    return np.asarray(np.logaddexp.accumulate(started, axis=0) + product)


class ConformalMartingale:
    """Weighted mean of the capitals of many bettors, each of which begins to bet at many times.

    Its expected value stays at most 1 while each factor's is, whatever was seen before. So it reaches 1 / a at any time
    with probability a at most (Ville's inequality).

    Args:
        weights: float `[B]`, share of each bet in the capital at the beginning; they sum to 1.
    """

    def __init__(self, weights: Sequence[float] | np.ndarray) -> None:
        self.log_weights = np.log(np.asarray(weights, np.float64))
        self.time = 0
        self.active = np.full(len(self.log_weights), -np.inf)
        self.cusum = np.zeros(len(self.log_weights))
        self.since = np.zeros(len(self.log_weights), np.int64)

    def foresee(self, factors: np.ndarray) -> np.ndarray:
        """Return the capitals that `update` would lead to.

        Args:
            factors: float `[g, B]`, log factor of each bet.

        Returns:
            float64 `[g, B]`, log of each bet's weighted capital after each observation; their sum is the martingale.
        """
        kept = _kept(self.time + np.arange(len(factors) + 1))
        capital = self._bet(factors)
        return np.asarray(np.logaddexp(capital, np.log(kept[1:])[:, None]) + self.log_weights)

    def update(self, factors: np.ndarray) -> None:
        """Bet on further observations.

        Args:
            factors: float `[g, B]`, log factor of each bet.
        """
        if len(factors):
            self.active = self._bet(factors)[-1]
            self._trace(factors)
            self.time += len(factors)

    def _bet(self, factors: np.ndarray) -> np.ndarray:
        kept = _kept(self.time + np.arange(len(factors) + 1))
        return add_and_multiply(self.active, np.log(kept[:-1] - kept[1:]), factors)

    def capitals(self) -> np.ndarray:
        """Return the log of each bet's weighted capital, float64 `[B]`."""
        return np.asarray(np.logaddexp(self.active, np.log(_kept(np.array([self.time])))) + self.log_weights)

    def value(self) -> float:
        """Return the log of the martingale."""
        return float(logsumexp(self.capitals()))

    def _trace(self, factors: np.ndarray) -> None:
        """Update the best starting time of each bet: since when it would have won most."""
        path = self.cusum + np.cumsum(factors, axis=0)
        lowest = path.min(axis=0)
        last = len(path) - 1 - np.argmin(path[::-1], axis=0)
        fell = lowest < 0
        self.since = np.where(fell, self.time + last + 1, self.since)
        self.cusum = path[-1] - np.minimum(lowest, 0)


def _kept(times: np.ndarray) -> np.ndarray:
    """Return the share of the capital that no bet has had before each time."""
    return np.where(times == 0, 1.0, _LATER * np.sqrt(_SLOWNESS / (_SLOWNESS + times)))
