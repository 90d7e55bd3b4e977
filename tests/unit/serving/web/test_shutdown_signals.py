"""Signals end a server, unless they were ignored from the start; handlers are restored."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from discern.serving.web.shutdown_signals import handle_signals, run_until_signal

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals as POSIX knows them")
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]


@pytest.fixture
def _defaults() -> object:
    """Handle all of them by default, whatever the tests were started with."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_defaults")
@pytest.mark.parametrize("number", ENDING)
def test_each_signal_is_handled_and_its_handler_restored(number: signal.Signals) -> None:
    handled: list[int] = []
    with handle_signals(handled.append):
        signal.raise_signal(number)
        for ignored in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTTOU):
            signal.raise_signal(ignored)
    assert handled == [number]
    assert signal.getsignal(number) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL


@pytest.mark.usefixtures("_defaults")
def test_a_signal_that_is_ignored_from_the_start_stays_ignored() -> None:
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    handled: list[int] = []
    with handle_signals(handled.append):
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGQUIT)
    assert handled == []


class _Signalling:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.usefixtures("_defaults")
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_in_a_finaliser_which_swallows_exceptions_is_not_lost() -> None:
    done: list[str] = []

    def run() -> None:
        thing = _Signalling()
        del thing  # prints exceptions and ignores them
        done.append("left the finaliser")
        time.sleep(60)
        done.append("finished")

    run_until_signal(run)
    assert done == ["left the finaliser"]


@pytest.mark.usefixtures("_defaults")
def test_other_errors_of_finalisers_are_reported_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[object] = []

    class Failing:
        def __del__(self) -> None:
            raise ValueError("a test")

    def report(ignored: "sys.UnraisableHookArgs") -> None:
        reported.append(ignored.exc_type)

    def run() -> None:
        thing = Failing()
        del thing

    monkeypatch.setattr(sys, "unraisablehook", report)
    run_until_signal(run)
    assert reported == [ValueError]
    assert sys.unraisablehook is report


@pytest.mark.usefixtures("_defaults")
def test_a_function_is_left_early() -> None:
    done: list[str] = []

    def run() -> None:
        done.append("started")
        signal.raise_signal(signal.SIGHUP)
        done.append("finished")

    run_until_signal(run)
    assert done == ["started"]
    run_until_signal(lambda: done.append("again"))
    assert done == ["started", "again"]


def test_other_threads_are_not_affected() -> None:
    done: list[bool] = []
    thread = threading.Thread(target=lambda: run_until_signal(lambda: done.append(True)))
    thread.start()
    thread.join()
    assert done == [True]


def test_signals_are_deferred_in_a_process_that_starts() -> None:
    child = (
        "import os, signal, sys\n"
        "from discern.serving.web.shutdown_signals import run_until_signal\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "print('alive', flush=True)\n"
        "run_until_signal(lambda: print('not reached'), restore=False)\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    parent = (
        "import subprocess, sys\n"
        "from discern.serving.web.shutdown_signals import blocked_signals\n"
        f"with blocked_signals():\n    sys.exit(subprocess.call([sys.executable, '-c', {child!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr
