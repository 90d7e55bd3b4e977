"""Durations as people write them."""

from typing import Any

import pytest

from discern.errors import UsageError
from discern.training import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20m", 1200),
        ("20 min", 1200),
        ("1h30m", 5400),
        (" 2H ", 7200),
        (".5h", 1800),
        ("90s", 90),
        ("1d", 86400),
        ("1200.0", 1200),
        (90, 90),
        (0.5 * 60, 30),
    ],
)
def test_durations_are_read(text: Any, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "m", "x20m", "20m!", "1h30", "20 fortnights", "-5m", "0", "0s", "31d", "1e3s", "nan", "inf", True, 0.5],
)
def test_what_is_not_a_duration_is_refused_by_its_name(text: Any) -> None:
    with pytest.raises(UsageError, match="Invalid budget: ") as caught:
        parse_duration(text, name="budget")
    assert "20m" in caught.value.hint


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0])
def test_a_number_that_is_not_a_time_is_refused(number: float) -> None:
    with pytest.raises(UsageError, match="Invalid duration"):
        parse_duration(number)
