"""A server of its own process, for whoever asks one."""

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from tests.e2e.server_process import PATIENCE

_HEAD = re.compile(rb".*?content-length: (\d+).*?\r\n\r\n", re.DOTALL)


@contextlib.contextmanager
def started(
    *words: str | Path, port: int = 0, stderr: int = subprocess.DEVNULL
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Start `discern serve` on loopback, and give the address that it says and its process."""
    command = [sys.executable, "-m", "discern", "serve", *map(str, words), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def ready(address: str) -> None:
    """Wait until a server is up."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(address + "/readyz").status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError("the server is not up")


def place_of(address: str) -> tuple[str, int]:
    """Where a server listens, as sockets want it."""
    return "127.0.0.1", int(address.rpartition(":")[2])


def hear(connection: socket.socket) -> bytes:
    """Read one whole answer: its head, and as many bytes as that says."""
    said = b""
    while not (head := _HEAD.match(said)) or len(said) < head.end() + int(head[1]):
        some = connection.recv(10_000)
        assert some, "the connection ended within an answer"
        said += some
    return said
