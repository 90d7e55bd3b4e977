"""Trials are shown as a live table in a terminal, as lines elsewhere, and not at all beside JSON."""

import contextlib
import io
from collections.abc import Iterator

import pytest

from discern.cli.trial_display import trial_display
from discern.cli.tune_lines import describe_row, describe_study
from discern.evaluating.study_trials import TrialRow

RUNNING = TrialRow(number=1, state="running", params={"strength": 12.34567, "views": 1})
DONE = TrialRow(number=1, state="done", value=0.123456, seconds=2.04, params={"strength": 12.34567, "views": 1})
FAILED = TrialRow(number=2, state="failed", seconds=1.0, note="two\nlines")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@contextlib.contextmanager
def streams(error: io.StringIO) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        yield out, error


def test_a_line_is_printed_when_a_trial_ends_and_only_once() -> None:
    with streams(io.StringIO()) as (out, error), trial_display(plain=True) as (_, watch):
        watch([RUNNING])
        assert out.getvalue() == ""
        watch([DONE])
        watch([DONE, FAILED])
    assert out.getvalue().splitlines() == [
        "trial 1: 0.1235, 2.0 s  strength=12.35 views=1",
        r"trial 2: failed, 1.0 s  two\nlines",
    ]
    assert error.getvalue() == ""


def test_nothing_is_printed_beside_json() -> None:
    with streams(io.StringIO()) as (out, error), trial_display(plain=False) as (progress, watch):
        progress("scan", 1, 2)
        watch([DONE])
    assert (out.getvalue(), error.getvalue()) == ("", "")


def test_a_terminal_gets_a_table_on_standard_error() -> None:
    with streams(Terminal()) as (out, error), trial_display(plain=True) as (progress, watch):
        progress("scan", 3, 10)
        watch([RUNNING, FAILED])
        progress("trials", 0, None)
        watch([DONE, FAILED])
    assert out.getvalue() == ""
    for words in ("options", "0.1235", "strength=12.35 views=1", "2 trials ended"):
        assert words in error.getvalue()


def test_a_default_trial_is_marked() -> None:
    row = TrialRow(number=0, state="pruned", seconds=0.5, params={"fit": "pad"}, is_default=True)
    assert describe_row(row) == "trial 0 (default): pruned, 0.5 s  fit=pad"


@pytest.mark.parametrize("default", [None, "/runs/s/default"])
def test_a_study_is_described(default: str | None) -> None:
    value = {
        "study": "s",
        "trials": {"done": 4, "pruned": 1, "failed": 0, "interrupted": 2},
        "best": {"trial": 3, "measure": "log_loss", "value": 0.09765, "params": {"views": 2, "lr": 0.00123}},
        "accuracy": {"value": 0.96, "low": 0.91, "high": 0.98},
        "why": "Because.",
        "default": {"run": default},
        "page": "/runs/s/study.html",
        "report": "/runs/s/best/report.html",
        "bundle": "/runs/s/best/model.discern",
    }
    lines = list(describe_study(value))
    assert lines[0] == "study s: 4 trials completed, 1 pruned, 2 interrupted"
    assert lines[1].endswith("3, log loss 0.0977")
    assert lines[2].endswith("views=2 lr=0.00123")
    assert "Because." in lines
    assert any("/runs/s/default" in line for line in lines) is (default is not None)
    assert lines[-1] == "bundle: /runs/s/best/model.discern"
