"""`discern serve` serves, and ends, whatever becomes of its standard output and its log."""

import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.e2e.served import ready
from tests.e2e.server_process import PATIENCE
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import RED

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals and pipes")]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("served") / "model.discern")


def full_pipe(stack: ExitStack) -> int:
    """A pipe without any room that nobody reads."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(writing, b"x" * size)
        except BlockingIOError:
            pass
    os.set_blocking(writing, True)
    stack.callback(os.close, reading)
    stack.callback(os.close, writing)
    return writing


def broken_pipe(stack: ExitStack) -> int:
    reading, writing = os.pipe()
    os.close(reading)
    stack.callback(os.close, writing)
    return writing


def lost_terminal(stack: ExitStack) -> int:
    """A terminal that is closed, so that writing to it fails with EIO."""
    terminal, own = pty.openpty()
    os.close(terminal)
    stack.callback(os.close, own)
    return own


def full_disk(stack: ExitStack) -> int:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    stack.callback(os.close, descriptor)
    return descriptor


@contextmanager
def serving(bundle: Path, port: int, *words: str, **streams: object) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "discern", "serve", str(bundle), "--port", str(port), *words]
    with subprocess.Popen(command, **streams) as process:  # type: ignore[call-overload]
        try:
            ready(f"http://127.0.0.1:{port}")
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("workers", "output"), [("2", full_pipe), ("1", broken_pipe), ("1", lost_terminal), ("1", full_disk)]
)
def test_output_that_nobody_reads_stops_nothing(
    bundle: Path, unused_port: int, workers: str, output: Callable[[ExitStack], int]
) -> None:
    if output is full_disk and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with ExitStack() as stack:
        out, err = output(stack), output(stack)
        process = stack.enter_context(serving(bundle, unused_port, "--workers", workers, stdout=out, stderr=err))
        for _ in range(20):
            response = httpx2.post(f"http://127.0.0.1:{unused_port}/predict", content=RED, timeout=PATIENCE)
            assert response.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_closed_streams_are_not_replaced_by_connections(bundle: Path, unused_port: int) -> None:
    """The first files that are opened would otherwise become standard output, and be printed to."""
    shell = f'exec "{sys.executable}" -m discern serve "{bundle}" --port {unused_port} <&- >&- 2>&-'
    with subprocess.Popen(["sh", "-c", shell]) as process:
        try:
            address = f"http://127.0.0.1:{unused_port}"
            ready(address)
            if Path("/proc/self/fd").exists():
                for descriptor in range(3):
                    assert Path(f"/proc/{process.pid}/fd/{descriptor}").readlink() == Path(os.devnull)
            assert httpx2.post(address + "/predict", content=RED, timeout=PATIENCE).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def test_a_reader_that_stalls_meanwhile_stops_nothing(bundle: Path, unused_port: int) -> None:
    """Far more log than a pipe holds; when it is read again, the lost lines are reported."""
    with serving(bundle, unused_port, stderr=subprocess.PIPE) as process:
        address = f"http://127.0.0.1:{unused_port}/healthz?{'x' * 100}"
        with httpx2.Client(timeout=PATIENCE) as client:
            for _ in range(1000):
                assert client.get(address).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert process.stderr.read().count(b"\n") > 100


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
