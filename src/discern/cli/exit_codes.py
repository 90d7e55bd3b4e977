"""Functions that convert exceptions to error messages and exit codes of the command line."""

import contextlib
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence

import typer

from discern.cli.interruption import forget_interrupt
from discern.cli.render import one_line, state
from discern.errors import DiscernError, bound_message

# As libraries word it, in errors of various types.
_EXHAUSTED = (
    "can't start new thread",
    "failed to spawn",
    "thread creation failed",
    "pthread_create failed",
    "annot allocate memory",
    "failed to map segment",
    "Too many open files",
    "bad_alloc",
    "os error 11",
    "os error 12",
)

SUCCESS, FELL_SHORT, REFUSED, INTERRUPTED = 0, 1, 2, 130
EXIT_CODES = {
    SUCCESS: "success",
    FELL_SHORT: "completed, but a requirement is not met",
    REFUSED: "error: one line on standard error names the cause and the remedy",
    INTERRUPTED: "interrupted; `--resume` with `--name` continues a run, the same command continues `collect`, "
    "`predict --out` and `compare --methods`",
}
"""Meanings of the exit codes, for the command reference."""


@contextlib.contextmanager
def exit_codes(interrupted: str = "interrupted.") -> Iterator[None]:
    """Convert exceptions to one-line error messages and exit codes.

    Args:
        interrupted: message after Ctrl-C, SIGTERM or SIGHUP.
    """
    _open_missing_streams()
    _escape_unencodable()
    try:
        with _interrupt_on_signals(), warnings.catch_warnings():
            warnings.simplefilter("default" if state.debug else "ignore")
            yield
    except (KeyboardInterrupt, typer.Abort):
        forget_interrupt()
        _print_error(interrupted)
        sys.exit(INTERRUPTED)
    except (SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - the outermost handler: every error becomes one line, panics of Rust included
        if state.debug:
            traceback.print_exception(error)
        _print_error(bound_message(one_line(describe(error))))
        sys.exit(REFUSED)


def interruption_message(arguments: Sequence[str]) -> str:
    """Return the message shown after Ctrl-C, and explain how to resume the command if possible.

    >>> interruption_message(["predict", "model.discern", "photos/", "--out", "a.csv"])
    'interrupted; run the same command again to resume.'
    """
    command = next((word for word in arguments if not word.startswith("-")), "")
    if command in ("check", "train"):
        return "interrupted; resume the run with --resume and its --name."
    if command == "tune":
        return "interrupted; resume the study with --resume and its --name."
    if command == "collect":
        return "interrupted; run the same command again to continue."
    if command == "compare" and any(word.partition("=")[0] == "--methods" for word in arguments):
        return "interrupted; run the same command again to resume."
    if command == "predict" and any(word.partition("=")[0] == "--out" for word in arguments):
        return "interrupted; run the same command again to resume."
    return "interrupted."


def describe(error: BaseException) -> str:
    """Format an error and its remedy as one message.

    >>> describe(PermissionError(13, "Permission denied", "runs"))
    'runs: Permission denied. Check permissions and free disk space, or use another path.'
    """
    if isinstance(error, DiscernError):
        return str(error)
    if format_message := getattr(error, "format_message", None):
        # Typer's usage errors share this method but no public base class.
        command = getattr(getattr(error, "ctx", None), "command_path", "discern")
        return f"{format_message().rstrip('.')}. See `{command} --help`."
    if isinstance(error, OSError):
        where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return f"{where}{error.strerror or error}. Check permissions and free disk space, or use another path."
    if isinstance(error, MemoryError):
        return "There is not enough memory. Close other programs, or start with fewer pictures."
    return _describe_cause(error)


def _describe_cause(error: BaseException) -> str:
    cause = f"{type(error).__name__}: {error}"
    if any(sign in cause for sign in _EXHAUSTED):
        return f"Memory, threads or open files do not suffice ({cause}). Close other programs, or raise their limits."
    if isinstance(error, ImportError):
        return f"A library cannot be loaded ({cause}). Install Discern again, and run `discern doctor`."
    return f"Unexpected error ({cause}). Run `discern --debug ...` for the traceback, and please report it."


def _print_error(message: str) -> None:
    # The exit code stays correct even if standard error cannot be written to.
    with contextlib.suppress(OSError):
        typer.echo(f"discern: {message}", err=True)


@contextlib.contextmanager
def _interrupt_on_signals() -> Iterator[None]:
    """Treat SIGTERM and SIGHUP like Ctrl-C, so that partial results are kept; not if they are ignored, as by nohup."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is signal.SIG_DFL:
                signal.signal(number, handler)


def _open_missing_streams() -> None:
    """Open standard streams that the shell has closed, so that no file or connection takes their descriptors."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _escape_unencodable() -> None:
    """Configure the output streams to escape characters that they cannot encode."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
