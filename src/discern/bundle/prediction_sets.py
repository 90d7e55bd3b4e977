"""Functions that validate class probabilities and compute conformal prediction sets and median labels from them."""

import math
from collections.abc import Sequence

import numpy as np

PROBABILITY_TOLERANCE = 1e-3
"""Largest distance of a probability from [0, 1], and of the sum of the probabilities from 1.

Softmax in single precision errs by less than 1e-6, in half precision by 5e-4; a row that is further off is not the
result of rounding. Not tuned.
"""


def are_distributions(probabilities: np.ndarray) -> np.ndarray:
    """Check whether each row of class probabilities is a probability distribution.

    Args:
        probabilities: float `[M, K]`.

    Returns:
        bool `[M]`, True for rows of numbers in [0, 1] that sum to 1, within `PROBABILITY_TOLERANCE`.
    """
    values = np.asarray(probabilities, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # numbers that are not finite compare as False
        inside = (values >= -PROBABILITY_TOLERANCE) & (values <= 1 + PROBABILITY_TOLERANCE)
        return np.asarray(inside.all(axis=1) & (np.abs(values.sum(axis=1) - 1) <= PROBABILITY_TOLERANCE))


def label_sets(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Compute the conformal prediction set of each row of class probabilities.

    A set contains the most probable label, and every label whose probability reaches the threshold.

    Args:
        probabilities: float `[M, K]`, calibrated.
        threshold: probability in [0, 1]; 0 includes every label.

    Returns:
        bool `[M, K]`, True for labels in the set; at least one in each row.
    """
    sets = np.asarray(probabilities, np.float64) >= threshold
    comparable = np.where(np.isnan(probabilities), -np.inf, probabilities)
    sets[np.arange(len(sets)), np.argmax(comparable, axis=1)] = True
    return sets


def median_label(probabilities: np.ndarray) -> np.ndarray:
    """Compute the median label of each row of ordinal class probabilities.

    No other label has a smaller expected distance from the true one, counted in labels.

    Args:
        probabilities: float `[M, K]`, columns in the order of the labels.

    Returns:
        int64 `[M]`, in 0..K-1; the smaller of two medians.
    """
    with np.errstate(invalid="ignore"):  # infinities of both signs, which are decided as unknown anyway
        below = np.cumsum(probabilities, axis=1, dtype=np.float64)
    return np.asarray(np.argmax(below >= below[:, -1:] / 2, axis=1))


def numbers_of(labels: Sequence[str]) -> tuple[float, ...] | None:
    """Convert labels to the numbers that they are, or return None if one of them is not a finite number.

    >>> numbers_of(("1", "2.5")), numbers_of(("1", "many"))
    ((1.0, 2.5), None)
    """
    try:
        numbers = tuple(float(label) for label in labels)
    except ValueError:
        return None
    return numbers if numbers and all(map(math.isfinite, numbers)) else None


def order_scale(labels: Sequence[str]) -> tuple[float, ...]:
    """Convert ordered labels to their numeric values, or otherwise to their positions.

    >>> order_scale(("1", "2", "5"))
    (1.0, 2.0, 5.0)
    >>> order_scale(("green", "ripe"))
    (0.0, 1.0)
    """
    return numbers_of(labels) or tuple(float(position) for position in range(len(labels)))
