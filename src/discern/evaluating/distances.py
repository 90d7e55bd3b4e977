"""Functions that compute how far predictions on a scale are from the truth, compared with a constant answer."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from discern.evaluating.group_variance import Members
from discern.evaluating.intervals import Interval, difference_interval, loss_interval, mean_variance


@dataclass(frozen=True, kw_only=True)
class Distances:
    """Mean distances of predictions, and of one constant answer, from the truth.

    Attributes:
        mae: mean absolute error.
        rmse: root mean squared error.
        constant_mae: mean absolute error of the constant answer.
        gain: `constant_mae` minus `mae`, with the interval of the paired difference.
    """

    mae: Interval
    rmse: Interval
    constant_mae: Interval
    gain: Interval

    @classmethod
    def of(cls, off: np.ndarray, off_constant: np.ndarray, members: Members, *, step: float = 1.0) -> Self:
        """Compute the distances.

        Args:
            off: float [N], distances of the predictions from the truth, 0 or more.
            off_constant: float [N], distances of the constant answer.
            members: groups of the pictures.
            step: unit of the intervals, the distance of their pseudo-group if it is wrong.
        """
        return cls(
            mae=_mean(off, members, step),
            rmse=_root(_mean(off**2, members, step**2)),
            constant_mae=_mean(off_constant, members, step),
            gain=_scale(difference_interval(*mean_variance((off_constant - off) / step, members)), step),
        )


def median_place(places: np.ndarray, weight: np.ndarray) -> int:
    """Compute the weighted median of indices; the smaller of two."""
    below = np.cumsum(np.bincount(places, weight))
    return int(np.argmax(below >= below[-1] / 2))


def _mean(off: np.ndarray, members: Members, step: float) -> Interval:
    return loss_interval(*mean_variance(off, members), pseudo=(0.0, step))


def _scale(metric: Interval, by: float) -> Interval:
    value, low, high = (None if end is None else by * end for end in (metric.value, metric.low, metric.high))
    return Interval(value=value, low=low, high=high, note=metric.note)


def _root(square: Interval) -> Interval:
    value, low, high = (None if end is None else float(np.sqrt(end)) for end in (square.value, square.low, square.high))
    return Interval(value=value, low=low, high=high, note=square.note)
