"""A server at its limit of open files refuses connections, rests, and goes on."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.e2e.served import ready, socket_address
from tests.e2e.server_process import PATIENCE
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import RED
from tests.waiting import wait_until

resource = pytest.importorskip("resource", reason="needs limits of open files")
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the time of a process")
LIMIT = 40


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def is_closed(connection: socket.socket) -> bool:
    """Return True if the server has closed a connection."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@pytest.mark.slow
def test_connections_above_the_limit_are_closed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "discern", "serve", str(write_small(tmp_path / "m.discern")), "--port", "0"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=limit) as process:  # noqa: PLW1509
        connections: list[socket.socket] = []
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            ready(address)
            place = socket_address(address)
            connections += [socket.create_connection(place, timeout=PATIENCE) for _ in range(2 * LIMIT)]
            wait_until(lambda: sum(map(is_closed, connections)) >= LIMIT, PATIENCE)
            before = processor_seconds(process.pid)
            time.sleep(1)  # while it has no room
            assert processor_seconds(process.pid) - before < 0.5  # rather than all of that second
            for connection in connections:
                connection.close()
            ready(address)
            assert httpx2.post(address + "/predict", content=RED, timeout=PATIENCE).status_code == 200
        finally:
            for connection in connections:
                connection.close()
            process.kill()
