"""Lines of a comparison state differences in percentage points, as its conclusion does."""

from typing import Any

import pytest

from discern.cli.comparison_lines import describe_comparison


def value_of(*, clear: bool, p: float | None) -> dict[str, Any]:
    ends = {"low": 0.004, "high": 0.046} if p is not None else {"low": None, "high": None}
    pair = {"a": "runs/a", "b": "runs/b", "difference": {"value": 0.025, **ends}, "p": p, "clear": clear}
    classes = {"red": {"value": -0.1, "low": -0.15, "high": -0.05, "p": 0.01, "clear": clear}}
    row: dict[str, Any] = {
        "accuracy": {"value": 0.9, "low": 0.8, "high": 0.95},
        "cost": {"per_day": 1000, "target": "lambda", "prices_as_of": "2026-09-27", "per_month": None},
    } | dict.fromkeys(("validation_accuracy", "macro_f1", "mae", "ece", "gate"))
    row |= dict.fromkeys(("ms_per_picture", "parameters", "multiply_adds", "megabytes", "train_seconds"), 1)
    rows = [row | {"run": f"runs/{name}", "name": name, "cached_pictures": 0} for name in "ab"]
    value: dict[str, Any] = {"rows": rows, "pictures": 40, "pairs": [pair | {"per_class": classes}], "failed": []}
    return value | {"notes": [], "recommended": {"why": "Ship a."}, "page": None}


@pytest.mark.parametrize(
    ("clear", "p", "line"),
    [
        (False, 0.25, "  a minus b: +2.5 points [+0.4, +4.6], p = 0.25, within noise"),
        (True, 0.01, "  a minus b: +2.5 points [+0.4, +4.6], p = 0.01, more than noise"),
        (False, None, "  a minus b: +2.5 points, too few groups for an interval"),
    ],
)
def test_a_difference_is_stated_in_points_and_told_from_noise(clear: bool, p: float | None, line: str) -> None:
    lines = list(describe_comparison(value_of(clear=clear, p=p)))
    assert line in lines
    assert ("  red, recall of a minus b: -10.0 points [-15.0, -5.0]" in lines) == clear
