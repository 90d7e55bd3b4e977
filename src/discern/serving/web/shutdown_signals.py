"""Signals that end a server process gracefully."""

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK") if hasattr(signal, name)
)
"""Signals that end a server gracefully."""
# Of a terminal: `nohup` and shells without job control start programs with these ignored.
_INHERITED = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGQUIT") if hasattr(signal, name))
# Their default actions end or stop a process, and other servers rotate logs or change the number of workers then.
_IGNORED = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGUSR2", "SIGTTOU") if hasattr(signal, name))
_RETRY_SECONDS = 0.01  # not tuned


class Shutdown(BaseException):
    """Exception that ends a server which is starting up or cleaning up.

    Args:
        number: the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def handle_signals(handle: Callable[[int], None], *, restore: bool = True) -> Iterator[None]:
    """Call a function for each signal that asks the server to end.

    Signals that a terminal sends are left alone if they were ignored when the process started, as under `nohup`.

    Args:
        handle: called with the signal's number.
        restore: restore the earlier handlers at the end; otherwise the signals are ignored from then on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = dict.fromkeys(_IGNORED, signal.SIG_IGN) | dict.fromkeys(ENDING, lambda number, _: handle(number))
    for number in _INHERITED:
        if signal.getsignal(number) is signal.SIG_IGN:
            del handlers[number]
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)  # see `blocked_signals`
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, (signal.SIG_DFL if handler is None else handler) if restore else signal.SIG_IGN)


def run_until_signal(run: Callable[[], None], *, restore: bool = True) -> None:
    """Call a function, and leave it early, without an error, when a signal asks the server to end.

    Args:
        run: the function.
        restore: see `handle_signals`.
    """

    def leave(number: int) -> None:
        raise Shutdown(number)

    with suppress(Shutdown), handle_signals(leave, restore=restore), _repeated_signals():
        run()


@contextmanager
def _repeated_signals() -> Iterator[None]:
    """Repeat a signal whose `Shutdown` was raised where Python ignores exceptions, such as in a `__del__` method."""
    before = sys.unraisablehook
    retries: list[threading.Timer] = []

    def handle(ignored: "sys.UnraisableHookArgs") -> None:
        if isinstance(ignored.exc_value, Shutdown):
            # Not at once, as this hook runs where exceptions are ignored.
            retries.append(threading.Timer(_RETRY_SECONDS, _signal_main_thread, [ignored.exc_value.number]))
            retries[-1].daemon = True
            retries[-1].start()
        else:
            before(ignored)

    sys.unraisablehook = handle
    try:
        yield
    finally:
        sys.unraisablehook = before
        for retry in retries:
            retry.cancel()


def _signal_main_thread(number: int) -> None:
    if hasattr(signal, "pthread_kill"):  # also ends a wait of the main thread, such as for a lock
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        _thread.interrupt_main(signal.Signals(number))


@contextmanager
def blocked_signals() -> Iterator[None]:
    """Defer signals, also in processes that are started in this context, until they call `handle_signals`."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # noqa: PLC0415 - not on Windows

    resource_tracker.ensure_running()  # its start, which is part of the first process's, would deliver signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
