"""Trials of a search for training options, and the best of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["waiting", "running", "done", "pruned", "failed", "interrupted"]
SETTLED: tuple[State, ...] = ("done", "pruned", "failed")
"""States of a trial that counts towards the number of trials and has ended."""


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    """Trial of a study.

    Attributes:
        number: its number, from 0.
        state: "waiting", "running", "done", "pruned" (stopped early, as it was worse than the median), "failed", or
            "interrupted" (cut off with its process; another trial repeats it).
        value: the objective on held-out groups of the training part; None unless it is done.
        params: values of the searched options.
        seconds: duration; None unless it has ended.
        started: start, ISO 8601; "" if it is waiting.
        is_default: True for the default settings.
        repeats: number of the interrupted trial that it repeats; or None.
        note: reason of a failure.
    """

    number: int
    state: State
    value: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    started: str = ""
    is_default: bool = False
    repeats: int | None = None
    note: str = ""


def counts(rows: Sequence[TrialRow]) -> dict[str, int]:
    """Count the trials that are done, pruned, failed, and interrupted and repeated."""
    states = [row.state for row in rows]
    return {state: states.count(state) for state in (*SETTLED, "interrupted")}


def best_row(rows: Sequence[TrialRow], *, maximise: bool) -> TrialRow | None:
    """Return the trial with the best value, the first of equal ones; None if none is done."""
    sign = -1 if maximise else 1
    done = [(sign * row.value, row.number, row) for row in rows if row.state == "done" and row.value is not None]
    return min(done)[2] if done else None
