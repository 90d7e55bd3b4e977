"""Functions that write a captured exchange as a line of SageMaker's data capture, and read back what it adds.

The line holds what SageMaker's does. The key `discern` in `eventMetadata`, which other readers pass over, holds the
rest of an exchange, so that nothing is lost on the way from one store to another.
"""

import base64
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np

from discern.inference.exchange import Exchange

_KEY = "discern"
_EXTRA = ("model", "bundle", "door", "client", "client_id", "content", "pixels", "media_type")
_NUMBERS = ("width", "height", "brightness", "sharpness", "seconds", "kept_with", "time")
_MOST_DIMENSIONS = 65_536


def write_line(exchange: Exchange) -> bytes:
    """Encode an exchange as one line of JSON.

    An exchange without a picture has a request without data, of type `application/x-no-picture`.
    """
    picture = exchange.picture
    request = {
        "observedContentType": exchange.media_type if picture is not None else "application/x-no-picture",
        "mode": "INPUT",
        "data": base64.b64encode(picture or b"").decode("ascii"),
        "encoding": "BASE64",
    }
    model = {"name": exchange.model, "fingerprint": exchange.bundle}
    response = {
        "observedContentType": "application/json",
        "mode": "OUTPUT",
        "data": json.dumps(exchange.prediction | {"model": model, "id": exchange.id}),
        "encoding": "JSON",
    }
    extra: dict[str, Any] = {name: getattr(exchange, name) for name in (*_EXTRA, *_NUMBERS)}
    if exchange.embedding is not None:
        extra["embedding"] = base64.b64encode(exchange.embedding.astype("<f4").tobytes()).decode("ascii")
    when = datetime.fromtimestamp(exchange.time, UTC)
    record = {
        "captureData": {"endpointInput": request, "endpointOutput": response},
        "eventMetadata": {"eventId": event_id(exchange.id), "inferenceTime": f"{when:%Y-%m-%dT%H:%M:%S}Z", _KEY: extra},
        "eventVersion": "0",
    }
    return json.dumps(record).encode() + b"\n"


def event_id(exchange: str) -> str:
    """Format an identifier of 32 hexadecimal digits as SageMaker does, and any other one as it is.

    >>> event_id("0f6b9a1c5d7e4b2f8a3c6d9e1f4b7a20")
    '0f6b9a1c-5d7e-4b2f-8a3c-6d9e1f4b7a20'
    """
    try:
        return str(UUID(exchange)) if len(exchange) == 32 else exchange
    except ValueError:
        return exchange


def read_extra(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line adds to SageMaker's format, by the attribute of `Exchange`.

    `embedding` is float32 `[D]`. Values of a wrong type are left out.
    """
    metadata = record.get("eventMetadata")
    extra = metadata.get(_KEY) if isinstance(metadata, dict) else None
    if not isinstance(extra, dict):
        return {}
    found: dict[str, Any] = {name: extra[name] for name in _EXTRA if isinstance(extra.get(name), str)}
    found |= {name: extra[name] for name in _NUMBERS if _is_number(extra.get(name))}
    found |= {name: int(found[name]) for name in ("width", "height") if name in found}
    if not 0 < found.get("kept_with", 1.0) <= 1:
        del found["kept_with"]
    embedding = _read_embedding(extra.get("embedding"))
    return found if embedding is None else found | {"embedding": embedding}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _read_embedding(text: object) -> np.ndarray | None:
    if not isinstance(text, str) or len(text) > 8 * _MOST_DIMENSIONS:
        return None
    try:
        values = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    except ValueError:
        return None
    return values if len(values) and np.isfinite(values).all() else None
