"""Functions that detect outlier images from out-of-fold out-of-distribution scores."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from discern.heads import OutOfFoldPredictions

# Standard deviations above the median of the set and of the class, and the probability of the label from which a
# picture is not an outlier: chosen with benchmarks/issue_detection.py, unrelated photographs planted in its `TUNED_ON`
# packs.
DEVIATIONS = 2.6
_DEVIATIONS_IN_CLASS = 1.8
_PROBABLE = 0.5
_FEWEST = 20  # not tuned
_UPPER_QUARTILE = 0.6745  # of the standard normal distribution


def find_outliers(
    predictions: "OutOfFoldPredictions | None", labels: NDArray[np.int64], *, deviations: float | None = None
) -> NDArray[np.bool_]:
    """Find outliers among all images and within each class.

    Their label is improbable, too. Deviations are estimated from the upper quartile, so that outliers do not widen
    them. A class that is far from the others as a whole, such as one of a single film, has no outliers for it.

    Args:
        predictions: of N pictures; None: no outliers.
        labels: int [N], -1 without a label.
        deviations: standard deviations above the set's median; None for those chosen with the benchmark.

    Returns:
        bool [N].
    """
    is_outlier: NDArray[np.bool_] = np.zeros(len(labels), bool)
    if predictions is None:
        return is_outlier
    score = predictions.unknown_score
    rows = np.flatnonzero((labels >= 0) & np.isfinite(score))
    if len(rows) < _FEWEST:
        return is_outlier
    median, deviation = _robust_scale(score[rows])
    limit = DEVIATIONS if deviations is None else deviations
    far = rows[(score[rows] - median) > limit * deviation]
    for label in np.unique(labels[far]).tolist():
        class_median, class_deviation = _robust_scale(score[rows[labels[rows] == label]])
        members = far[labels[far] == label]
        class_limit = _DEVIATIONS_IN_CLASS * max(class_deviation, deviation / 2)
        is_outlier[members] = score[members] - class_median > class_limit
    label_probability = predictions.probabilities[np.arange(len(labels)), labels]
    is_outlier &= ~(label_probability >= _PROBABLE)
    return is_outlier


def _robust_scale(scores: NDArray[np.float32]) -> tuple[float, float]:
    """Estimate the median, and the standard deviation from the upper quartile."""
    median, upper = np.quantile(scores, [0.5, 0.75])
    return float(median), max(float(upper - median) / _UPPER_QUARTILE, 1e-6)
