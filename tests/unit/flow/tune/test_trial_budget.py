"""The budget of a study is a number of trials, a time, or both."""

from typing import Any

import pytest

from discern.errors import UsageError
from discern.flow.tune.trial_budget import Budget


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


def test_a_time_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(UsageError, match=r"Invalid timeout: 20x.*20m, 1h30m"):
        Budget.checked(None, "20x")


@pytest.mark.parametrize(
    ("trials", "timeout", "used"), [(7, None, True), (8, None, False), (7, "20m", True), (None, "20m", False)]
)
def test_a_budget_is_used_by_trials_that_were_not_interrupted(
    trials: int | None, timeout: str | None, used: bool
) -> None:
    counts = {"done": 4, "pruned": 2, "failed": 1, "interrupted": 5}
    assert Budget.checked(trials, timeout).is_used(counts) is used
