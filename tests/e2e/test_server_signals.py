"""`discern serve` ends gracefully on every signal that asks it to, and on no other."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from tests.e2e.served import read_response, ready, socket_address
from tests.e2e.server_process import PATIENCE
from tests.process_table import program
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import RED
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX knows them")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("served") / "model.discern")


@contextmanager
def launched(
    *words: str | Path, temporary: Path, prepare: Callable[[], object] = lambda: None, **more: object
) -> Iterator["subprocess.Popen[str]"]:
    """Start a server in a process group of its own, with all signals at their defaults; kills what is left."""

    def prepared() -> None:
        for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        prepare()

    command = [sys.executable, "-m", "discern", "serve", *map(str, words), "--port", "0"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    environment = os.environ | {"TMPDIR": str(temporary)}
    with subprocess.Popen(command, env=environment, preexec_fn=prepared, **(options | more)) as process:  # type: ignore[call-overload]  # noqa: PLW1509
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def address_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def members(group: int) -> list[int]:
    """Processes of a group that have not ended; Linux only, elsewhere none are found."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def require_end(process: "subprocess.Popen[str]", temporary: Path) -> str:
    """Check that a server ended without an error, and left neither process nor file; returns its log."""
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    wait_until(lambda: members(process.pid) == [], PATIENCE)
    assert list(temporary.iterdir()) == []
    assert not [line for line in err.splitlines() if not line.startswith("{")], err
    return err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workers", "number", "to_all"),
    [("1", signal.SIGHUP, True), ("2", signal.SIGHUP, True), ("2", signal.SIGHUP, False), ("1", signal.SIGQUIT, True)],
)
def test_a_signal_of_the_terminal_ends_the_server_like_sigterm(
    bundle: Path, tmp_path: Path, workers: str, number: signal.Signals, to_all: bool
) -> None:
    """A request in progress is answered; a closed terminal signals all processes, and `kill` one."""
    with launched(bundle, "--workers", workers, temporary=tmp_path) as process:
        address = address_of(process)
        ready(address)
        with socket.create_connection(socket_address(address), timeout=PATIENCE) as connection:
            head = (
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                % len(RED)
            )
            connection.sendall(head + RED[:10])
            httpx2.get(address + "/healthz")  # so that a worker has surely read the head
            (os.killpg if to_all else os.kill)(process.pid, number)
            connection.sendall(RED[10:])
            assert read_response(connection).startswith(b"HTTP/1.1 200")
        require_end(process, tmp_path)
        with socket.create_server(socket_address(address)):
            pass  # the port is free


@pytest.mark.slow
def test_a_hangup_that_is_ignored_from_the_start_stays_ignored(bundle: Path, tmp_path: Path) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with launched(bundle, "--workers", "2", temporary=tmp_path, prepare=ignore) as process:
        address = address_of(process)
        ready(address)
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            os.killpg(process.pid, number)
        for _ in range(4):
            assert httpx2.post(address + "/predict", content=RED).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert '"ended' not in require_end(process, tmp_path)


@pytest.mark.slow
def test_a_second_interrupt_waits_for_nobody(bundle: Path, tmp_path: Path) -> None:
    with launched(bundle, "--workers", "2", "--request-timeout", "50", temporary=tmp_path) as process:
        address = address_of(process)
        ready(address)
        with socket.create_connection(socket_address(address), timeout=PATIENCE) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nslow")
            httpx2.get(address + "/healthz")
            os.killpg(process.pid, signal.SIGINT)
            wait_until(lambda: connection_refused(address), PATIENCE)
            assert process.poll() is None  # it waits for the body
            os.killpg(process.pid, signal.SIGINT)
            require_end(process, tmp_path)


def connection_refused(address: str) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(socket_address(address)) != 0


@pytest.mark.slow
def test_a_server_that_is_starting_ends_as_well(bundle: Path, tmp_path: Path) -> None:
    """As soon as it has announced itself, when its workers are only starting."""
    with launched(bundle, "--workers", "2", temporary=tmp_path) as process:
        address_of(process)
        os.killpg(process.pid, signal.SIGTERM)
        require_end(process, tmp_path)


@pytest.mark.slow
def test_a_worker_that_ends_is_replaced_and_its_counts_are_kept(bundle: Path, tmp_path: Path) -> None:
    with launched(bundle, "--workers", "2", temporary=tmp_path) as process:
        address = address_of(process)
        ready(address)
        for _ in range(6):
            assert httpx2.post(address + "/predict", content=RED).status_code == 200
        before = workers_of(process.pid)
        assert len(before) == 2
        os.kill(before[0], signal.SIGTERM)
        wait_until(lambda: len(set(workers_of(process.pid)) - {before[0]}) == 2, PATIENCE)
        ready(address)
        wait_until(lambda: 'model="colours"} 6.0' in httpx2.get(address + "/metrics").text, PATIENCE)
        process.send_signal(signal.SIGTERM)
        assert "exit code 0" in require_end(process, tmp_path)


def workers_of(group: int) -> list[int]:
    """Worker processes of a server, in the order of their start."""
    return sorted(member for member in members(group) if b"spawn_main" in program(member))
