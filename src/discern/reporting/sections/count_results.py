"""Functions that build the section on predicted numbers, for classifiers whose labels are all numbers."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from discern.bundle.prediction_sets import numbers_of
from discern.reporting.formatting import interval_text, percent, two_decimals
from discern.reporting.sections.mean_distances import MeanDistance, compare_distances, describe_gain

if TYPE_CHECKING:
    from discern.evaluating import CountMetrics, Metrics


@dataclass(frozen=True, kw_only=True)
class CountResults:
    """Contents of the section on predicted numbers.

    Attributes:
        constant: the best constant answer.
        mean_distances: mean errors of the classifier and of the constant answer.
        end: right end of their axis.
        gain: how much closer to the truth the classifier is.
        metrics: further metrics: name, value, interval and meaning.
    """

    constant: str
    mean_distances: tuple[MeanDistance, ...]
    end: str
    gain: str
    metrics: tuple[tuple[str, str, str, str], ...]


def describe_counts(metrics: "Metrics") -> CountResults | None:
    """Build the section, or return None if a label is not a number.

    Labels in steps of one that are ordered have a section of their own with the same values.
    """
    counts = metrics.counts
    if counts is None or counts.mae.value is None or _in_steps_of_one(metrics):
        return None
    distances = compare_distances(counts.mae, counts.constant_mae)
    return CountResults(
        constant=counts.constant or "",
        mean_distances=distances.lines,
        end=distances.end,
        gain=describe_gain(counts.gain),
        metrics=_further_metrics(counts),
    )


def _in_steps_of_one(metrics: "Metrics") -> bool:
    ordered = metrics.ordered
    if ordered is None or ordered.mae.value is None:
        return False
    numbers = numbers_of(ordered.labels)
    return numbers is not None and all(second - first == 1 for first, second in pairwise(numbers))


def _further_metrics(counts: "CountMetrics") -> tuple[tuple[str, str, str, str], ...]:
    rows = (
        (counts.within_one, "At most 1 off", percent, "share of the predictions"),
        (counts.rmse, "Root mean squared error", two_decimals, "large errors weigh more; 0 is best"),
    )
    return tuple(
        (name, number(metric.value), interval_text(metric, number), meaning)
        for metric, name, number, meaning in rows
        if metric.value is not None
    )
