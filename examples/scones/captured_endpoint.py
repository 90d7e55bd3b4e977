"""Endpoint with data capture: `discern serve`, and records of requests and answers as SageMaker writes them."""

import base64
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from examples.steps import StepFailed

_SECONDS = 120
_PER_FILE = 20


@contextmanager
def endpoint(bundle: Path) -> Iterator[str]:
    """Context manager for a server of a bundle on loopback, in a process of its own; gives its address."""
    command = [sys.executable, "-m", "discern", "serve", str(bundle), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            _wait(address)
            yield address
        finally:
            process.terminate()


def capture(address: str, pictures: Sequence[Path], out: Path, *, name: str) -> int:
    """Ask an endpoint about pictures, write what data capture writes, and return the number of records.

    Args:
        address: address of the endpoint.
        pictures: PNG files.
        out: destination of the capture; the files are below NAME/AllTraffic/YYYY/MM/DD/HH/.
        name: name of the endpoint.
    """
    records = [_ask(address, each.read_bytes()) for each in pictures]
    for first in range(0, len(records), _PER_FILE):
        some = records[first : first + _PER_FILE]
        at = datetime.fromisoformat(some[0]["eventMetadata"]["inferenceTime"])
        folder = out / name / "AllTraffic" / at.strftime("%Y/%m/%d/%H")
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{at.strftime('%M-%S')}-{first:03}-{uuid.uuid4()}.jsonl"
        file.write_text("".join(json.dumps(each) + "\n" for each in some), encoding="utf-8")
    return len(records)


def _ask(address: str, picture: bytes) -> dict[str, Any]:
    """Send a picture as a client of the endpoint does, and return the record of the request and its answer."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    request = Request(f"{address}/invocations", picture, {"Content-Type": "image/png"})
    with urlopen(request, timeout=_SECONDS) as response:
        answer, kind = response.read().decode(), response.headers["Content-Type"]
    sent = {"observedContentType": "image/png", "mode": "INPUT", "encoding": "BASE64"}
    received = {"observedContentType": kind, "mode": "OUTPUT", "data": answer, "encoding": "JSON"}
    return {
        "captureData": {
            "endpointInput": sent | {"data": base64.b64encode(picture).decode()},
            "endpointOutput": received,
        },
        "eventMetadata": {"eventId": str(uuid.uuid4()), "inferenceTime": at},
        "eventVersion": "0",
    }


def _wait(address: str) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        try:
            with urlopen(f"{address}/ping", timeout=_SECONDS):
                return
        except (URLError, ValueError):
            time.sleep(0.05)
    raise StepFailed(f"The server at {address!r} did not start within {_SECONDS} s.")
