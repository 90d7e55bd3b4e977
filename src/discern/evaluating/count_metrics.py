"""Functions that compute the error of a classifier whose labels are all numbers, such as counts of objects."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from discern.bundle import median_label
from discern.bundle.prediction_sets import numbers_of
from discern.evaluating.distances import Distances, median_place
from discern.evaluating.group_variance import Members
from discern.evaluating.intervals import UNDEFINED, Interval, share_of

_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class CountMetrics:
    """Errors of predicted numbers, in units of the labels.

    Attributes:
        mae: mean absolute error.
        rmse: root mean squared error.
        within_one: share of predictions at most 1 off.
        constant_mae: mean absolute error of the best constant answer, `constant`.
        constant: the label of the constant answer: the weighted median of the truth.
        gain: `constant_mae` minus `mae`, with the interval of the paired difference; below 0, the constant is better.
    """

    mae: Interval = UNDEFINED
    rmse: Interval = UNDEFINED
    within_one: Interval = UNDEFINED
    constant_mae: Interval = UNDEFINED
    constant: str | None = None
    gain: Interval = UNDEFINED

    def intervals(self) -> dict[str, Interval]:
        """Return the metrics of the predictions and of the constant answer by their JSON keys."""
        return {name: getattr(self, name) for name in ("mae", "rmse", "within_one", "constant_mae")}

    def values(self) -> dict[str, float | None]:
        """Return the same without intervals."""
        return {name: each.value for name, each in self.intervals().items()}


def evaluate_counts(
    truth: np.ndarray,
    probabilities: np.ndarray,
    *,
    labels: Sequence[str],
    ordered: bool,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> CountMetrics | None:
    """Compute the error of predicted numbers; None if a label is not a number or there are no pictures.

    A classifier of ordered labels answers with the median of its probabilities, another one with the most probable
    label.

    Args:
        truth: int [N], indices into `labels`.
        probabilities: float [N, K].
        labels: the K labels; in their order if they are ordered.
        ordered: True if the labels are ordered.
        groups: [N], dependent pictures share a value; None if all are independent.
        weights: float [N], 0 or more; None for 1 each.
    """
    numbers = numbers_of(labels)
    members = Members.of(len(truth), groups, weights)
    if numbers is None or members.count == 0:
        return None
    value = np.array(numbers)
    by_value = np.argsort(value, kind="stable")
    constant = int(by_value[median_place(np.argsort(by_value)[truth], members.weight)])
    predicted = median_label(probabilities) if ordered else probabilities.argmax(axis=1)
    off = np.abs(value[predicted] - value[truth])
    # One step from a label to the next, so that the interval does not depend on the unit of the labels.
    step = float(np.ptp(value)) / max(1, len(value) - 1) or 1.0
    found = Distances.of(off, np.abs(value[constant] - value[truth]), members, step=step)
    return CountMetrics(
        mae=found.mae,
        rmse=found.rmse,
        within_one=share_of((off <= 1 + _ROUNDING).astype(np.float64), members),
        constant_mae=found.constant_mae,
        constant=labels[constant],
        gain=found.gain,
    )
