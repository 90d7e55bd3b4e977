"""Paired tests of the accuracy of several classifiers on the same pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from discern.evaluating.group_variance import GroupVariance, enough_groups
from discern.evaluating.intervals import Interval, paired_means


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """Paired difference of two accuracies with the probability that chance alone gives one as large.

    Attributes:
        difference: accuracy of A minus that of B, with its interval.
        p: two-sided p-value; None if there are too few groups.
    """

    difference: Interval
    p: float | None


def compute_paired_test(
    correct_a: np.ndarray,
    correct_b: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> PairedTest:
    """Test whether two classifiers are equally accurate, as `paired_difference` with a p-value.

    The test inverts the interval: p is below 0.05 exactly where the interval excludes 0.

    Raises:
        UsageError: wrong shapes or values.
    """
    difference, variance = paired_means(correct_a, correct_b, groups=groups, weights=weights)
    value = difference.value
    if value is None or variance is None or not enough_groups(variance.groups):
        return PairedTest(difference=difference, p=None)
    return PairedTest(difference=difference, p=_p_value(value, variance))


def _p_value(value: float, variance: GroupVariance) -> float:
    size = variance.trials(variance.unit)
    quotient = abs(value) * size / np.sqrt(variance.unit * size + 1)
    return float(2 * special.stdtr(variance.groups - 1, -quotient))


def adjust_p_values(values: Sequence[float | None]) -> list[float | None]:
    """Adjust p-values for their number (Holm 1979), so that one in twenty sets of true hypotheses has any below 0.05.

    Those that are None stay so, and do not count.
    """
    adjusted: list[float | None] = [None] * len(values)
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    largest = 0.0
    for rank, (value, place) in enumerate(known):
        largest = max(largest, min(1.0, value * (len(known) - rank)))
        adjusted[place] = largest
    return adjusted
