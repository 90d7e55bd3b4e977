"""Functions that show several models side by side on the same pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from discern.reporting.charts import interval_plot
from discern.reporting.formatting import (
    count,
    interval_text,
    percent,
    percent_interval,
    percentage_points,
    two_decimals,
)
from discern.reporting.sections.example_predictions import ExamplePrediction

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Interval, Metrics

MAX_SHOWN = 12
_MOST_CLASSES = 15


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """Row of the table of models, formatted as text.

    Attributes:
        name: name of the model.
        of: its path or address.
        accuracy: accuracy, its interval and a plot.
        difference: accuracy of the first model minus this one, in percentage points; "" for the first.
        difference_ends: its interval, or the reason why there is none.
        clear: True if the interval excludes 0.
        error: mean error of the predicted numbers and its interval; "" if a label is not a number.
        no_better: True if the mean error is not below that of the constant answer.
        alone: number of pictures that this model alone gets wrong.
    """

    name: str
    of: str
    accuracy: tuple[str, str, "Markup"]
    difference: str
    difference_ends: str
    clear: bool
    error: tuple[str, str]
    no_better: bool
    alone: str


@dataclass(frozen=True, kw_only=True)
class ClassDifference:
    """Row of the table of classes: the recall of the first model, and its difference to each other one.

    Attributes:
        label: the class.
        recall: recall of the first model.
        differences: for each other model the value, its interval, and True if that excludes 0.
        same: True if all models are right equally often.
    """

    label: str
    recall: str
    differences: tuple[tuple[str, str, bool], ...]
    same: bool


@dataclass(frozen=True, kw_only=True)
class WrongAlone:
    """Pictures that one model alone gets wrong, the most confident first."""

    name: str
    count: int
    shown: tuple[ExamplePrediction, ...]


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Contents of the section that compares models.

    Attributes:
        models: one row per model.
        others: names of the models that the first is compared with.
        classes: one row per class.
        alone: pictures that one model alone gets wrong, per model.
        all_wrong: number of pictures that every model gets wrong.
        numbers: True if the mean error of numbers is shown.
        constant_error: error of the constant answer, or "".
    """

    models: tuple[ModelRow, ...]
    others: tuple[str, ...]
    classes: tuple[ClassDifference, ...]
    alone: tuple[WrongAlone, ...]
    all_wrong: int
    numbers: bool
    constant_error: str

    @property
    def main_classes(self) -> tuple[ClassDifference, ...]:
        """Return the classes of the largest differences, without those that have none."""
        return tuple(row for row in self.classes[:_MOST_CLASSES] if not row.same)

    @property
    def other_classes(self) -> tuple[ClassDifference, ...]:
        """Return the other classes."""
        return self.classes[len(self.main_classes) :]


def model_row(name: str, of: str, metrics: "Metrics", difference: "Interval | None", *, alone: int) -> ModelRow:
    """Return a model as a row of the table of models."""
    accuracy, counts = metrics.accuracy.leak_free, metrics.counts
    return ModelRow(
        name=name,
        of=of,
        accuracy=(percent(accuracy.value), percent_interval(accuracy), interval_plot(accuracy, kind="main")),
        difference="" if difference is None else percentage_points(difference.value),
        difference_ends="" if difference is None else _points(difference),
        clear=difference is not None and is_clear(difference),
        error=("", "") if counts is None else (two_decimals(counts.mae.value), interval_text(counts.mae)),
        no_better=counts is not None and counts.gain.value is not None and counts.gain.value <= 0,
        alone=count(alone),
    )


def class_differences(
    metrics: "Metrics", differences: Sequence[Mapping[str, "Interval"]]
) -> tuple[ClassDifference, ...]:
    """Return the table of classes, with those of the largest difference first.

    Args:
        metrics: metrics of the first model.
        differences: for each other model, the difference in recall by label.
    """
    own = {} if metrics.classification is None else {each.label: each for each in metrics.classification.per_class}
    shared = [label for label in own if all(label in each and each[label].value is not None for each in differences)]
    largest = {label: max(abs(each[label].value or 0.0) for each in differences) for label in shared}
    return tuple(
        ClassDifference(
            label=label,
            recall=percent(own[label].recall.value),
            differences=tuple(
                (percentage_points(each[label].value), _points(each[label]), is_clear(each[label]))
                for each in differences
            ),
            same=largest[label] == 0,
        )
        for label in sorted(shared, key=lambda label: -largest[label])
    )


def count_all_wrong(correct: Sequence[np.ndarray]) -> int:
    """Count the pictures that every model gets wrong."""
    return int((~np.any(list(correct), axis=0)).sum())


def is_clear(difference: "Interval") -> bool:
    """Return True if the interval of a difference excludes 0."""
    low, high = difference.low, difference.high
    return low is not None and high is not None and (low > 0 or high < 0)


def _points(difference: "Interval") -> str:
    if difference.low is None or difference.high is None:
        return difference.note or "no interval"
    return f"{percentage_points(difference.low)} to {percentage_points(difference.high)}"
