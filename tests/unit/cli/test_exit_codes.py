"""Errors: one line on standard error and an exit code; a traceback only with --debug."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from discern.cli.exit_codes import INTERRUPTED, REFUSED, describe, exit_codes, interruption_message
from discern.cli.render import state
from discern.errors import DataError


def exit_code(error: BaseException) -> int:
    """Exit code of a command that raises an error."""
    with pytest.raises(SystemExit) as caught, exit_codes():
        raise error
    return int(caught.value.code or 0)


@pytest.fixture
def debugging() -> Iterator[None]:
    state.debug = True
    yield
    state.debug = False


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DataError("No pictures.", hint="Add some."), "No pictures. Add some."),
        (DataError("No pictures."), "No pictures."),
        (FileNotFoundError(2, "No such file or directory", "a.png"), "a.png: No such file or directory."),
        (FileNotFoundError(2, "No such file or directory", b"\xff.png"), "No such file or directory."),
        (OSError(28, "No space left on device"), "No space left on device."),
        (OSError("odd"), "odd."),
        (MemoryError(), "not enough memory"),
        (RuntimeError("can't start new thread"), "Memory, threads or open files do not suffice"),
        (ImportError("a.so: failed to map segment from shared object"), "Memory, threads or open files do not suffice"),
        (ImportError("a.so: undefined symbol: b"), "Install Discern again"),
        (ZeroDivisionError("division by zero"), "Unexpected error (ZeroDivisionError: division by zero)"),
    ],
)
def test_an_error_is_one_line(error: Exception, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert text in describe(error)
    assert exit_code(error) == REFUSED
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("discern: ")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_ctrl_c_has_its_own_code_and_message(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(error) == INTERRUPTED
    assert capsys.readouterr().err == "discern: interrupted.\n"


@pytest.mark.parametrize(
    ("arguments", "how"),
    [
        ("train photos --name a", "--resume"),
        ("--debug check photos", "--resume"),
        ("predict b photos --out a.csv", "same command again"),
        ("predict b photos --out=a.csv", "same command again"),
        ("predict b photos", ""),
        ("evaluate b photos", ""),
        ("split train", ""),
        ("", ""),
    ],
)
def test_a_way_to_resume_is_named_where_there_is_one(arguments: str, how: str) -> None:
    message = interruption_message(arguments.split())
    assert message.startswith("interrupted")
    assert [each for each in ("--resume", "same command again") if each in message] == ([how] if how else [])


def test_a_message_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(DataError("two\nlines \x1b[31m and a bell \x07."))
    assert capsys.readouterr().err == "discern: two\\nlines \\x1b[31m and a bell \\x07.\n"


@pytest.mark.parametrize(
    "error",
    [
        DataError(f"{'QUJD' * 10_000} is invalid."),
        typer.BadParameter(f"{'QUJD' * 10_000!r} is not a valid integer."),
        OSError(36, "File name too long", "QUJD" * 10_000),
        ValueError("QUJD" * 10_000),
    ],
)
def test_a_message_is_short_whatever_it_quotes(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(error) == REFUSED
    assert len(capsys.readouterr().err) < 500


@pytest.mark.usefixtures("debugging")
def test_a_traceback_needs_debug(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(DataError("No pictures.")) == REFUSED
    assert "Traceback" in capsys.readouterr().err


def test_the_code_is_right_even_if_nothing_can_be_written() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    before, sys.stderr = sys.stderr, Full()
    try:
        assert exit_code(DataError("No pictures.")) == REFUSED
        assert exit_code(KeyboardInterrupt()) == INTERRUPTED
    finally:
        sys.stderr = before


class Panic(BaseException):
    """A panic of a library written in Rust is not an `Exception`."""


def test_a_panic_is_an_error_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(Panic("index out of bounds")) == REFUSED
    assert "Unexpected error (Panic: index out of bounds)" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
def test_ctrl_c_while_libraries_are_loaded_is_no_traceback() -> None:
    # The command is interrupted by the first import of the command line itself.
    code = (
        "import os, signal, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *more):\n"
        "        if name == 'typer': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "import discern.cli; discern.cli.main(['show', 'nowhere'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "", "discern: interrupted.\n")


def test_an_interrupt_while_a_dataclass_is_made_does_not_end_the_process_by_its_signal(tmp_path: Path) -> None:
    code = "from discern.cli.exit_codes import exit_codes\nwith exit_codes():\n    exec('raise KeyboardInterrupt')\n"
    (tmp_path / "interrupted.py").write_text(code)
    run = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (INTERRUPTED, "discern: interrupted.\n")
