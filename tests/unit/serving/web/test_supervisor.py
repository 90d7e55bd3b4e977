"""The supervisor starts, replaces and stops workers, and adds up what they count."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from discern.errors import DiscernError
from discern.serving.web.shutdown_signals import handle_signals
from discern.serving.web.supervisor import Supervisor
from discern.serving.web.workers import MetricValues, WorkerLink
from tests.waiting import wait_until

KEY = ("requests", "requests_total", ())
PATIENCE = 60


def work(connection: "Connection[bytes, bytes]", folder: Path) -> None:
    """A worker that counts 1, has 1 pending, and writes the totals that it collects to a file of its own."""
    ends = threading.Event()
    with handle_signals(lambda _: ends.set()):
        link = WorkerLink(connection)
        link.publish(lambda: MetricValues(counted={KEY: 1.0}, current={KEY: 1.0}))
        link.report_ready()
        while not ends.wait(0.05):
            total = link.collect()
            text = f"{total.counted[KEY]:g} {total.current[KEY]:g}"
            (folder / "new").mkdir(exist_ok=True)
            (folder / "new" / str(os.getpid())).write_text(text)
            (folder / "new" / str(os.getpid())).replace(folder / str(os.getpid()))
        link.close()


def fail(connection: "Connection[bytes, bytes]") -> None:
    sys.exit(3)


def disregard(connection: "Connection[bytes, bytes]", folder: Path) -> None:
    """A worker that ignores the signal to end."""
    with handle_signals(lambda _: None):
        WorkerLink(connection).report_ready()
        (folder / str(os.getpid())).touch()
        time.sleep(1000)


def supervise(supervisor: Supervisor, meanwhile: Callable[[], None]) -> list[BaseException]:
    """Run a supervisor, which must be in the main thread, and something meanwhile; then end it by a signal."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            meanwhile()
        except AssertionError as error:
            failures.append(error)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=run)
    thread.start()
    closed: list[bool] = []
    supervisor.run(close_listener=lambda: closed.append(True))
    thread.join()
    assert closed == [True]
    return failures


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends signals as POSIX knows them")
def test_a_worker_that_dies_is_replaced_and_what_it_counted_is_kept(tmp_path: Path) -> None:
    def totals() -> set[str]:
        return {path.read_text() for path in tmp_path.iterdir() if path.is_file()}

    def meanwhile() -> None:
        wait_until(lambda: totals() == {"2 2"}, PATIENCE)
        victim = next(path for path in tmp_path.iterdir() if path.is_file())
        os.kill(int(victim.name), signal.SIGKILL)
        victim.unlink()
        wait_until(lambda: totals() == {"3 2"}, PATIENCE)

    supervisor = Supervisor(work, (tmp_path,), count=2, stop_timeout=PATIENCE)
    assert supervise(supervisor, meanwhile) == []
    for path in tmp_path.iterdir():
        if path.is_file():
            with pytest.raises(ProcessLookupError):
                os.kill(int(path.name), 0)


@pytest.mark.slow
def test_workers_that_cannot_start_are_an_error() -> None:
    with pytest.raises(DiscernError, match="exit code 3"):
        Supervisor(fail, (), count=2, stop_timeout=PATIENCE).run(close_listener=lambda: None)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends signals as POSIX knows them")
def test_a_worker_that_does_not_end_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor(disregard, (tmp_path,), count=1, stop_timeout=0.2)
    assert supervise(supervisor, lambda: wait_until(lambda: list(tmp_path.iterdir()), PATIENCE)) == []
