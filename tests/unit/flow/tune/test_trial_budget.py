"""The budget of a study is a number of trials, a time, or both."""

import math
from typing import Any

import pytest

from discern.errors import UsageError
from discern.flow.tune.trial_budget import Budget, parse_duration


@pytest.mark.parametrize(
    ("trials", "timeout", "expected"),
    [
        (None, None, (20, None)),
        (7, None, (7, None)),
        (None, "20m", (None, 1200.0)),
        (7, 90, (7, 90.0)),
    ],
)
def test_a_budget_without_a_limit_is_twenty_trials(
    trials: int | None, timeout: Any, expected: tuple[int | None, float | None]
) -> None:
    budget = Budget.checked(trials, timeout)
    assert (budget.trials, budget.seconds) == expected


@pytest.mark.parametrize("trials", [0, -1, 1.5, True, "3"])
def test_other_numbers_of_trials_are_refused(trials: Any) -> None:
    with pytest.raises(UsageError, match="Invalid number of trials"):
        Budget.checked(trials, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h30m", 5400), ("1 h 30 min", 5400), ("2.5m", 150), ("45s", 45), ("45", 45), (" 20M ", 1200), (0.5, 0.5)],
)
def test_durations_are_read(text: Any, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "20x", "m20", "-5m", "0", "nan", "inf", "20m later", True, math.nan, -1, 0])
def test_other_durations_are_refused(text: Any) -> None:
    with pytest.raises(UsageError, match="20m, 1h30m"):
        parse_duration(text)
