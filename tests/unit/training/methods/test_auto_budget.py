"""The time of an automatic choice is limited, and counts over all calls of an interrupted fit."""

import math
from pathlib import Path

import pytest

from discern.training.methods.auto_budget import OutOfTime, TimeBudget, describe_time


class Clock:
    """A clock that stands still until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_time_is_used_until_nothing_is_left(tmp_path: Path, clock: Clock) -> None:
    budget = TimeBudget(60, tmp_path / "time.json", clock)
    budget.check()
    clock.now += 50
    assert (budget.used, budget.left) == (50, 10)
    budget.check()
    clock.now += 10
    with pytest.raises(OutOfTime):
        budget.check()


def test_the_time_before_an_interruption_counts(tmp_path: Path, clock: Clock) -> None:
    first = TimeBudget(60, tmp_path / "new" / "time.json", clock)
    clock.now += 45
    first.save()
    clock.now += 1000
    second = TimeBudget(60, tmp_path / "new" / "time.json", clock)
    assert (second.used, second.left) == (45, 15)


def test_it_is_saved_now_and_then(tmp_path: Path, clock: Clock) -> None:
    budget = TimeBudget(None, tmp_path / "time.json", clock)
    clock.now += 1
    budget.check()
    assert not (tmp_path / "time.json").exists()
    clock.now += 5
    budget.check()
    assert TimeBudget(None, tmp_path / "time.json", clock).used == 6


def test_without_a_limit_there_is_always_time(tmp_path: Path, clock: Clock) -> None:
    budget = TimeBudget(None, tmp_path / "time.json", clock)
    clock.now += 1e9
    assert budget.left == math.inf
    budget.check()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"seconds": "x"}', '{"seconds": -1}', '{"seconds": NaN}'])
def test_a_damaged_file_counts_as_none(tmp_path: Path, clock: Clock, text: str) -> None:
    (tmp_path / "time.json").write_text(text)
    assert TimeBudget(60, tmp_path / "time.json", clock).used == 0


def test_progress_is_passed_on_until_the_time_is_up(tmp_path: Path, clock: Clock) -> None:
    class Shown:
        def __init__(self) -> None:
            self.calls: list[tuple[str, int, int | None]] = []
            self.notes: list[tuple[str, str]] = []

        def __call__(self, stage: str, done: int, total: int | None) -> None:
            self.calls.append((stage, done, total))

        def note(self, stage: str, text: str) -> None:
            self.notes.append((stage, text))

    shown = Shown()
    limited = TimeBudget(60, tmp_path / "time.json", clock).limiting(shown)
    limited("fit", 1, 2)
    limited.note("fit", "best so far")
    clock.now += 61
    with pytest.raises(OutOfTime):
        limited("fit", 2, 2)
    assert (shown.calls, shown.notes) == ([("fit", 1, 2)], [("fit", "best so far")])


def test_times_are_rounded_up_to_minutes() -> None:
    assert [describe_time(each) for each in (0, 60, 61, 840, 3600, 3660)] == [
        *("a minute", "a minute", "2 minutes", "14 minutes", "1 h 0 min", "1 h 1 min")
    ]
