"""Whatever happens is said in one line with its exit code; a trace is for those who ask."""

import io
import sys
from collections.abc import Iterator

import pytest
import typer

from discern.cli.exit_codes import INTERRUPTED, REFUSED, describe, exit_codes, resume_hint
from discern.cli.option_values import parse_floors
from discern.cli.progress_bar import progress_bar
from discern.cli.render import state
from discern.errors import DataError


def left(error: BaseException) -> int:
    """The exit code with which an error leaves."""
    with pytest.raises(SystemExit) as caught, exit_codes():
        raise error
    return int(caught.value.code or 0)


@pytest.fixture
def debugging() -> Iterator[None]:
    state.debug = True
    yield
    state.debug = False


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DataError("No pictures.", hint="Add some."), "No pictures. Add some."),
        (DataError("No pictures."), "No pictures."),
        (FileNotFoundError(2, "No such file or directory", "a.png"), "a.png: No such file or directory."),
        (FileNotFoundError(2, "No such file or directory", b"\xff.png"), "No such file or directory."),
        (OSError(28, "No space left on device"), "No space left on device."),
        (OSError("odd"), "odd."),
        (MemoryError(), "not enough memory"),
        (ZeroDivisionError("division by zero"), "unforeseen happened (ZeroDivisionError: division by zero)"),
    ],
)
def test_an_error_is_one_line(error: Exception, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in describe(error)
    assert left(error) == REFUSED
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("discern: ")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_ctrl_c_has_its_own_code_and_a_word(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert left(error) == INTERRUPTED
    assert capsys.readouterr().err == "discern: interrupted.\n"


@pytest.mark.parametrize(
    ("words", "how"),
    [
        ("train photos --name a", "--resume"),
        ("--debug check photos", "--resume"),
        ("predict b photos --out a.csv", "same command"),
        ("predict b photos --out=a.csv", "same command"),
        ("predict b photos", ""),
        ("evaluate b photos", ""),
        ("split train", ""),
        ("", ""),
    ],
)
def test_only_what_can_go_on_is_said_to(words: str, how: str) -> None:
    said = resume_hint(words.split())
    assert said.startswith("interrupted")
    assert [each for each in ("--resume", "same command") if each in said] == ([how] if how else [])


def test_a_message_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    left(DataError("two\nlines \x1b[31m and a bell \x07."))
    assert capsys.readouterr().err == "discern: two\\nlines \\x1b[31m and a bell \\x07.\n"


@pytest.mark.usefixtures("debugging")
def test_a_trace_is_for_those_who_ask(capsys: pytest.CaptureFixture[str]) -> None:
    assert left(DataError("No pictures.")) == REFUSED
    assert "Traceback" in capsys.readouterr().err


def test_the_code_is_true_where_nothing_can_be_said() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    before, sys.stderr = sys.stderr, Full()
    try:
        assert left(DataError("No pictures.")) == REFUSED
        assert left(KeyboardInterrupt()) == INTERRUPTED
    finally:
        sys.stderr = before


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_no_bar_is_drawn_where_nobody_looks(stream: io.StringIO | None) -> None:
    before, sys.stderr = sys.stderr, stream  # type: ignore[assignment]
    try:
        with progress_bar() as progress:
            progress("scan", 1, 2)
    finally:
        sys.stderr = before
    assert stream is None or stream.getvalue() == ""


def test_a_bar_is_drawn_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    before, sys.stderr = sys.stderr, Terminal()
    try:
        with progress_bar() as progress:
            progress("scan", 0, None)
            progress("scan", 5, 10)
            progress("features", 0, 10)
        drawn = sys.stderr.getvalue()
    finally:
        sys.stderr = before
    assert "scan" in drawn
    assert "features" in drawn


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_floors_the_higher_is_meant(order: int) -> None:
    assert parse_floors(["accuracy=.5", "accuracy=.9"][::order]) == {"accuracy": 0.9}
