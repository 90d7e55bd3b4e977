"""`discern serve` in a process of its own."""

import contextlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2

from tests.e2e.server_process import PATIENCE
from tests.waiting import wait_until

_HEAD = re.compile(rb".*?content-length: (\d+).*?\r\n\r\n", re.DOTALL)


@contextlib.contextmanager
def started(
    *words: str | Path, port: int = 0, stderr: int = subprocess.DEVNULL, temporary: Path | None = None
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Start a server on loopback, with its own folder of temporary files if given; gives its URL and its process."""
    environment = os.environ | ({"TMPDIR": str(temporary)} if temporary else {})
    command = [sys.executable, "-m", "discern", "serve", *map(str, words), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def ready(address: str) -> None:
    """Wait until a server is ready."""

    def is_ready() -> bool:
        with contextlib.suppress(httpx2.HTTPError):
            return httpx2.get(address + "/readyz").status_code == 200
        return False

    wait_until(is_ready, PATIENCE, interval=0.05)


def socket_address(address: str) -> tuple[str, int]:
    """Return host and port of a URL on loopback."""
    return "127.0.0.1", int(address.rpartition(":")[2])


def read_response(connection: socket.socket) -> bytes:
    """Read one response: its header, and a body of Content-Length bytes."""
    response = b""
    while not (head := _HEAD.match(response)) or len(response) < head.end() + int(head[1]):
        chunk = connection.recv(10_000)
        assert chunk, "the connection ended within a response"
        response += chunk
    return response
