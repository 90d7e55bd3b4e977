"""Data capture in front of an endpoint: records of requests and answers as SageMaker writes them."""

import base64
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from examples.endpoint import SECONDS

_PER_FILE = 20


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
    with urlopen(request, timeout=SECONDS) as response:
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
