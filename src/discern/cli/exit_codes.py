"""What a person is told when a command cannot be done: one line and an exit code, never a trace unasked."""

import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence

import typer

from discern.cli.render import one_line, state
from discern.errors import DiscernError

FELL_SHORT, REFUSED, INTERRUPTED = 1, 2, 130


@contextlib.contextmanager
def exit_codes(interrupted: str = "interrupted.") -> Iterator[None]:
    """Turn errors into one line on standard error and an exit code; the trace is shown with --debug alone.

    Args:
        interrupted: what is said after Ctrl-C.
    """
    _write_anything()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default" if state.debug else "ignore")
            yield
    except (KeyboardInterrupt, typer.Abort):
        _say(interrupted)
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the outermost wall: whatever happened is said in one line
        if state.debug:
            traceback.print_exception(error)
        _say(one_line(describe(error)))
        sys.exit(REFUSED)


def resume_hint(words: Sequence[str]) -> str:
    """What is said when a command is interrupted: how it goes on, where it can.

    >>> resume_hint(["predict", "model.discern", "photos/", "--out", "a.csv"])
    'interrupted; the same command goes on where it was.'
    """
    command = next((word for word in words if not word.startswith("-")), "")
    if command in ("check", "train"):
        return "interrupted; a run goes on with --resume and its --name."
    if command == "predict" and any(word.partition("=")[0] == "--out" for word in words):
        return "interrupted; the same command goes on where it was."
    return "interrupted."


def describe(error: Exception) -> str:
    """What happened, where, and what to do next.

    >>> describe(PermissionError(13, "Permission denied", "runs"))
    'runs: Permission denied. Make room there or allow it, or name another place.'
    """
    if isinstance(error, DiscernError):
        return str(error)
    if misused := getattr(error, "format_message", None):
        # Typer's own errors about arguments share this method and no public class.
        command = getattr(getattr(error, "ctx", None), "command_path", "discern")
        return f"{misused().rstrip('.')}. See `{command} --help`."
    if isinstance(error, OSError):
        where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return f"{where}{error.strerror or error}. Make room there or allow it, or name another place."
    if isinstance(error, MemoryError):
        return "There is not enough memory. Close other programs, or begin with fewer pictures."
    what = f"{type(error).__name__}: {error}"
    return f"Something unforeseen happened ({what}). See it with `discern --debug ...`, and please report it."


def _say(words: str) -> None:
    # The exit code is true even where nothing can be said.
    with contextlib.suppress(OSError):
        typer.echo(f"discern: {words}", err=True)


def _write_anything() -> None:
    """Let any path be written, whatever the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
