"""Detector of changes in a stream without end, with a stated average time to a false alarm."""

from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

from discern.watching.drift.conformal_martingale import add_and_multiply


class EndlessDetector:
    """E-detector of Shiryaev-Roberts type: the sum of what bets won that began at each time.

    A martingale that may raise a false alarm once in twenty lives grows ever more cautious; this detector does not.
    Without drift its value after t observations is t on average at most, so that the average number of observations to
    a false alarm is `average_run` at least (arXiv 2203.03532).

    Args:
        weights: float `[B]`, share of each bet; they sum to 1.
        average_run: average number of observations to a false alarm, at least, 1 or larger.
    """

    def __init__(self, weights: Sequence[float] | np.ndarray, *, average_run: float) -> None:
        self._log_weights = np.log(np.asarray(weights, np.float64))
        self.average_run = average_run
        self.active = np.full(len(self._log_weights), -np.inf)

    def update(self, factors: np.ndarray) -> int | None:
        """Bet on further observations, up to an alarm.

        Args:
            factors: float `[g, B]`, log factor of each bet.

        Returns:
            Position of the observation that raised an alarm, after which the detector begins again without the
            later ones; None without an alarm.
        """
        if not len(factors):
            return None
        sums = add_and_multiply(self.active, np.zeros(len(factors)), factors)
        alarms = np.flatnonzero(logsumexp(sums + self._log_weights, axis=1) >= np.log(self.average_run))
        if not len(alarms):
            self.active = sums[-1]
            return None
        self.active = np.full(len(self._log_weights), -np.inf)
        return int(alarms[0])

    def value(self) -> float:
        """Return the log of the detector's value, -inf at its start."""
        return float(logsumexp(self.active + self._log_weights))
