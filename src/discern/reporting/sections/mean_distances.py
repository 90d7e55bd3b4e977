"""Functions that compare the mean distance of predictions from the truth with that of a constant answer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from discern.reporting.charts import interval_plot
from discern.reporting.formatting import interval_text, two_decimals

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Interval


@dataclass(frozen=True, kw_only=True)
class MeanDistance:
    """Mean absolute error of predictions on a scale, formatted as text.

    It is of the classifier or of the constant prediction.
    """

    name: str
    value: str
    ends: str
    track: "Markup"
    classifier: bool


@dataclass(frozen=True, kw_only=True)
class ComparedDistances:
    """Mean distances of the classifier and of the constant prediction on a shared axis that ends at `end`."""

    lines: tuple[MeanDistance, ...]
    end: str


def compare_distances(mae: "Interval", constant_mae: "Interval") -> ComparedDistances:
    """Compare the mean absolute errors that are defined."""
    shown = [each for each in (mae, constant_mae) if each.value is not None]
    end = max((each.high or each.value or 0.0) for each in shown) * 1.05
    lines = tuple(
        MeanDistance(
            name="" if each is mae else "constant",
            value=two_decimals(each.value),
            ends=interval_text(each),
            track=interval_plot(each, end=end, kind="main" if each is mae else "plain"),
            classifier=each is mae,
        )
        for each in shown
    )
    return ComparedDistances(lines=lines, end=two_decimals(end))


def describe_gain(gain: "Interval", *, unit: str = "") -> str:
    """Describe in a sentence how much closer to the truth predictions are than the constant prediction.

    Args:
        gain: error of the constant prediction minus that of the predictions.
        unit: name of the unit, such as "step"; "" for plain numbers.
    """
    value, low, high = gain.value, gain.low, gain.high
    if value is None:
        return ""
    units = f" {unit}s" if unit else ""
    if low is None or high is None:
        how = "closer to" if value >= 0 else "farther from"
        return (
            f"On average it is {two_decimals(abs(value))}{units} {how} the truth; there are too few groups for an "
            "interval."
        )
    gained = f"{two_decimals(value)}{units} on average (95 % interval {interval_text(gain)})"
    if low > 0:
        return f"It is closer to the truth by {gained}."
    if high < 0:
        lost = f"{two_decimals(-high)} to {two_decimals(-low)}"
        return (
            f"It is farther from the truth than the constant prediction, by {two_decimals(-value)}{units} on average "
            f"(95 % interval {lost}): the constant prediction is better."
        )
    return f"The difference of {gained} may be chance: the classifier may be no better than the constant prediction."
