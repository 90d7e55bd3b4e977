"""The comparison of real values with documented types finds planted differences."""

from typing import Any

import pytest

from tests.e2e.format_pages import Checker, read_page

INTERVAL = {"value": 0.5, "low": None, "high": 1, "note": None}


def problems(value: Any) -> list[str]:
    checker = Checker()
    checker.check_object(value, "metrics.md", "interval", "it")
    return checker.problems


def test_a_value_as_documented_has_no_problem() -> None:
    assert problems(INTERVAL) == []


@pytest.mark.parametrize(
    ("planted", "problem"),
    [
        ({"more": 1}, "it.more is not documented"),
        ({"value": "0.5"}, "it.value is '0.5', not number or null"),
        ({"value": True}, "it.value is True, not number or null"),
        ({"note": []}, "it.note is [], not string or null"),
    ],
)
def test_a_planted_difference_is_found(planted: dict[str, Any], problem: str) -> None:
    assert problems(INTERVAL | planted) == [problem]


def test_a_missing_key_is_found() -> None:
    assert problems({key: value for key, value in INTERVAL.items() if key != "low"}) == ["it lacks low"]


def test_values_inside_lists_and_objects_are_compared() -> None:
    checker = Checker()
    checker.check({"a": INTERVAL, "b": {}}, "object of [intervals](#interval)", "metrics.md", "it")
    assert checker.problems == [f"it.b lacks {key}" for key in sorted(INTERVAL)]
    checker = Checker()
    checker.check([[1, 2], [1, "2"]], "list of lists of numbers", "metrics.md", "it")
    assert checker.problems == ["it.1.1 is '2', not numbers"]


def test_keys_that_no_value_had_are_named() -> None:
    checker = Checker()
    checker.check_object(INTERVAL, "metrics.md", "interval")
    unseen = list(checker.unseen("metrics.md"))
    assert "interval.value" not in unseen
    assert "group-error.high" in unseen


def test_cells_with_bars_and_empty_cells_are_read() -> None:
    assert read_page("run.md").column("catalogparquet", "Unit")[:2] == ["", "bytes"]
