"""A server of its own process, for whoever asks one."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from tests.e2e.bench import PATIENCE


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
