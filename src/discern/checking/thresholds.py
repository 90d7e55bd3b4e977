"""Thresholds of the data quality checks that a user can set, and the checks that have none."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from discern.checking.check_names import unknown_check
from discern.checking.checks import image_quality
from discern.checking.checks.labels import WRONG
from discern.checking.findings import CheckConfig
from discern.checking.signals.outliers import DEVIATIONS
from discern.errors import UsageError

_DEFAULTS = CheckConfig()


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Threshold of one data quality check.

    Attributes:
        setting: the attribute of `CheckConfig` that holds it.
        meaning: a picture or class that the check finds, in words that end before the number.
        unit: unit of the number.
        default: the number, or the range in which the check adapts it to the set.
        low: smallest value.
        high: largest value.
        whole: whether it must be a whole number.
    """

    setting: str
    meaning: str
    unit: str
    default: str
    low: float = 0.0
    high: float = math.inf
    whole: bool = False

    @property
    def values(self) -> str:
        """Return the range of its values in words."""
        number = "whole number" if self.whole else "number"
        if self.high == math.inf:
            return f"a {number} of {self.low:g} or more"
        return f"a {number} from {self.low:g} to {self.high:g}"


THRESHOLDS: dict[str, Threshold] = {
    "likely_wrong_label": Threshold(
        setting="wrong_probability",
        meaning="the label is wrong with a probability above",
        unit="probability",
        default=f"{WRONG:g}",
        high=1.0,
    ),
    "odd_one_out": Threshold(
        setting="outlier_deviations",
        meaning="the distance from all other pictures is above their median by more than",
        unit="standard deviations",
        default=f"{DEVIATIONS:g}",
    ),
    "large_group": Threshold(
        setting="large_share",
        meaning="a group of more than ten pictures has a share of its class above",
        unit="share of the class",
        default=f"{_DEFAULTS.large_share:g}",
        high=1.0,
    ),
    "small_class": Threshold(
        setting="fewest_groups",
        meaning="a class has fewer independent groups than",
        unit="groups",
        default=f"{_DEFAULTS.fewest_groups}",
        whole=True,
    ),
    "imbalance": Threshold(
        setting="rare_share",
        meaning="a class has fewer groups than the largest class times",
        unit="share of the largest class",
        default=f"{_DEFAULTS.rare_share:g}",
        high=1.0,
    ),
    "too_small": Threshold(
        setting="smallest_side",
        meaning="the shorter side is below",
        unit="pixels",
        default=f"{image_quality.SMALLEST_SIDE:g} to {image_quality.LARGE_SET_SIDE:g}, with the size of the set",
    ),
    "extreme_aspect": Threshold(
        setting="largest_aspect",
        meaning="the longer side, relative to the shorter one, is above",
        unit="ratio",
        default=f"{_DEFAULTS.largest_aspect:g}",
        low=1.0,
    ),
    "blank": Threshold(
        setting="blank_deviation",
        meaning="the standard deviation of the picture's levels is below",
        unit="levels of 255",
        default=f"{image_quality.BLANK_DEVIATION / 3:g} to {image_quality.BLANK_DEVIATION:g}, with the light",
        high=255.0,
    ),
    "dark": Threshold(
        setting="dark_level",
        meaning="the lightest parts are below",
        unit="levels of 255",
        default=f"{image_quality.DARK:g} to {image_quality.DARK_IN_LIGHT_SET:g}, with the light of the set",
        high=255.0,
    ),
    "bright": Threshold(
        setting="bright_level",
        meaning="the darkest parts are above",
        unit="levels of 255",
        default=f"{image_quality.BRIGHT:g}, or washed out or clipped",
        high=255.0,
    ),
    "blurred": Threshold(
        setting="lowest_sharpness",
        meaning="the steepness of the sharpest edges is below",
        unit="share of full steepness",
        default=f"{image_quality.BLURRED:g} to {image_quality.BLURRED_IN_SHARP_SET:g}, with the sharpness of the set",
        high=1.0,
    ),
}
"""The thresholds, by the name of their check."""

WITHOUT_THRESHOLD: dict[str, str] = {
    "unreadable": "a file can be decoded or not",
    "wrong_suffix": "a name fits the format or not",
    "incomplete": "a file has its end or not",
    "narrow_range": "the bits that a picture uses are counted",
    "exact_copy": "pixels are equal or not",
    "near_copy": "what it confirms by alignment also forms the groups of the split",
    "overlap": "what it confirms by alignment also forms the groups of the split",
    "label_conflict": "it follows from the copies",
    "multi_label": "it follows from the copies and the lists",
    "similar_labels": "labels are compared letter by letter",
    "part_leak": "it follows from the groups",
    "undeclared_film": "it follows from the groups",
    "shortcut": "its limits differ by feature and were chosen together",
}
"""The checks without a threshold, each with the reason."""


def choose_thresholds(values: Mapping[str, float] | None) -> CheckConfig:
    """Return the settings of the checks with the given thresholds, by the name of the check.

    Raises:
        UsageError: a check is unknown or has no threshold, or a value is out of range.
    """
    return CheckConfig(
        **{
            _find(name).setting: _in_range(name, _find(name), value)  # type: ignore[arg-type]
            for name, value in (values or {}).items()
        }
    )


def _find(name: str) -> Threshold:
    if name in THRESHOLDS:
        return THRESHOLDS[name]
    if name in WITHOUT_THRESHOLD:
        raise UsageError(
            f"The check {name} has no threshold, as {WITHOUT_THRESHOLD[name]}.",
            hint=f"Checks with one: {describe_thresholds()}",
        )
    remedy = f"Checks with a threshold: {describe_thresholds()}"
    raise unknown_check(name, [*THRESHOLDS, *WITHOUT_THRESHOLD], remedy=remedy)


def _in_range(name: str, threshold: Threshold, value: float) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not threshold.low <= value <= threshold.high or (threshold.whole and value != int(value)):
        raise UsageError(f"Invalid threshold: {name}={value}.", hint=f"Pass {threshold.values}. {_describe(name)}.")
    return int(value) if threshold.whole else float(value)


def describe_thresholds() -> str:
    """Return all thresholds with their units and defaults in one line."""
    return "; ".join(map(_describe, THRESHOLDS)) + "."


def _describe(name: str) -> str:
    threshold = THRESHOLDS[name]
    return f"{name}: {threshold.meaning} this ({threshold.unit}; default {threshold.default})"
