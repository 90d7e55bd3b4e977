"""Endpoint of one or several models: `discern serve` in a process of its own."""

import json
import mimetypes
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from examples.steps import StepFailed

SECONDS = 120
"""Time within which a server must start, and a request must be answered."""


@contextmanager
def endpoint(*bundles: str | Path, options: Sequence[str] = ()) -> Iterator[str]:
    """Context manager for a server of bundles on loopback, in a process of its own; gives its address.

    Args:
        *bundles: each a path, or `NAME=PATH`; the first is the default model.
        options: further options of `discern serve`.
    """
    command = [sys.executable, "-m", "discern", "serve", *map(str, bundles), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            _wait(address)
            yield address
        finally:
            process.terminate()


def ask(address: str, picture: Path, **query: str) -> dict[str, Any]:
    """Send a picture to a server and return its answer.

    Args:
        address: address of the server.
        picture: picture file, whose suffix says its format.
        **query: options of the request, such as `model`.
    """
    kind = mimetypes.guess_type(picture.name)[0] or "application/octet-stream"
    request = Request(f"{address}/predict?{urlencode(query)}", picture.read_bytes(), {"Content-Type": kind})
    with urlopen(request, timeout=SECONDS) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def give_feedback(address: str, exchange: str, label: str, *, new: bool = False) -> dict[str, Any]:
    """Tell a server the right label of an earlier answer, and return what it has kept.

    Args:
        address: address of the server.
        exchange: identifier of the answer.
        label: the right label.
        new: whether it is none of the model's classes.
    """
    content = json.dumps({"id": exchange, "label": label, "new": new}).encode()
    request = Request(f"{address}/feedback", content, {"Content-Type": "application/json"})
    with urlopen(request, timeout=SECONDS) as response:
        kept: dict[str, Any] = json.load(response)
    return kept


def fetch_text(address: str) -> str:
    """Return the text at an address."""
    with urlopen(address, timeout=SECONDS) as response:
        text: str = response.read().decode()
    return text


def _wait(address: str) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            with urlopen(f"{address}/ping", timeout=SECONDS):
                return
        except (URLError, ValueError):
            time.sleep(0.05)
    raise StepFailed(f"The server at {address!r} did not start within {SECONDS} s.")
