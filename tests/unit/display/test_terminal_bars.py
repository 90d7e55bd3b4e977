"""Bars of the terminal: rate since the start of a stage, which may start once more, and remarks."""

import contextlib
import io
import sys
from collections.abc import Iterator

from discern.display.terminal_bars import terminal_bars
from discern.progress import Progress, note


@contextlib.contextmanager
def drawn() -> Iterator[tuple[Progress, io.StringIO]]:
    """Bars, and what they draw on standard error; pytest replaces it after fixtures are set up."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    before, sys.stderr = sys.stderr, Terminal()
    try:
        with terminal_bars() as progress:
            yield progress, sys.stderr
    finally:
        sys.stderr = before


def test_a_remark_is_drawn_beside_its_stage() -> None:
    with drawn() as (progress, terminal):
        progress("fit", 0, 10)
        note(progress, "fit", "best")
        progress("fit", 5, 10)
    assert "best" in terminal.getvalue()


def test_a_remark_on_a_stage_that_has_not_started_is_ignored() -> None:
    with drawn() as (progress, terminal):
        note(progress, "fit", "best")
        progress("fit", 5, 10)
    assert "best" not in terminal.getvalue()


def test_a_resumed_stage_has_no_rate_before_it_does_something() -> None:
    with drawn() as (progress, terminal):
        progress("fit", 900, 1000)
    assert "900/1000" in terminal.getvalue()
    assert "/s" not in terminal.getvalue()


def test_a_stage_that_starts_once_more_forgets_rate_and_remark() -> None:
    with drawn() as (progress, terminal):
        progress("fit", 0, 10)
        progress("fit", 10, 10)
        note(progress, "fit", "best")
        progress("fit", 0, 20)
    last = terminal.getvalue().rpartition("fit")[2]
    assert "0/20" in last
    assert "/s" not in last
    assert "best" not in last
