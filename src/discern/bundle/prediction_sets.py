"""What a row of probabilities comes to beside its top class: a set of labels, and a place on a scale."""

import math
from collections.abc import Sequence

import numpy as np


def label_sets(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Which labels are in each picture's set: the most probable one, and all from the threshold on.

    Args:
        probabilities: float `[M, K]`, calibrated.
        threshold: a probability in [0, 1]; 0 lets every label in.

    Returns:
        bool `[M, K]`, at least one in each row.
    """
    sets = np.asarray(probabilities, np.float64) >= threshold
    numbers = np.where(np.isnan(probabilities), -np.inf, probabilities)
    sets[np.arange(len(sets)), np.argmax(numbers, axis=1)] = True
    return sets


def median_label(probabilities: np.ndarray) -> np.ndarray:
    """The label in the middle of each row's probability, for labels whose order means something.

    No other answer has a smaller expected distance from the truth, counted in labels.

    Args:
        probabilities: float `[M, K]`, columns in the labels' order.

    Returns:
        int64 `[M]`, in 0..K-1; of two middles the first.
    """
    with np.errstate(invalid="ignore"):  # infinities of both signs; such an answer is unknown in any case
        below = np.cumsum(probabilities, axis=1, dtype=np.float64)
    return np.asarray(np.argmax(below >= below[:, -1:] / 2, axis=1))


def order_scale(labels: Sequence[str]) -> tuple[float, ...]:
    """What ordered labels count as: their numbers where all are numbers, else their places from 0.

    >>> order_scale(("1", "2", "5"))
    (1.0, 2.0, 5.0)
    >>> order_scale(("green", "ripe"))
    (0.0, 1.0)
    """
    try:
        numbers = tuple(float(label) for label in labels)
    except ValueError:
        numbers = ()
    return (
        numbers if numbers and all(map(math.isfinite, numbers)) else tuple(float(place) for place in range(len(labels)))
    )
