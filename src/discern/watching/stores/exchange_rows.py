"""Conversion of exchanges and feedback to rows of the tables, and back."""

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy.engine import Row

from discern.inference.exchange import Exchange, Feedback
from discern.watching.stores.exchange_store import ExchangeColumns
from discern.watching.stores.kept_prediction import KeptPrediction, keep_prediction, restore_prediction
from discern.watching.stores.picture_place import picture_key

HOUR = 3600
_HALF = np.dtype("<f2")
_LARGEST_HALF = 65504.0

COLUMNS = (
    *("number", "id", "time", "client", "content", "pixels", "label", "decision", "confidence", "unknown_score"),
    *("brightness", "sharpness", "width", "height", "seconds", "kept_with", "truth", "is_new"),
)
"""Columns of `exchanges` in `ExchangeColumns`."""

_NUMBERS = {
    **dict.fromkeys(("number", "width", "height"), np.int64),
    **dict.fromkeys(("time", "confidence", "unknown_score", "brightness", "sharpness", "seconds"), np.float64),
    "kept_with": np.float64,
    "is_new": np.bool_,
}


def exchange_row(exchange: Exchange, number: int) -> dict[str, Any]:
    """Convert an exchange to a row of `exchanges`."""
    prediction = exchange.prediction
    return {
        "number": number,
        "id": clean(exchange.id),
        "time": float(exchange.time),
        "model": clean(exchange.model),
        "bundle": exchange.bundle,
        "door": exchange.door,
        "client": clean(exchange.client),
        "client_id": None if exchange.client_id is None else clean(exchange.client_id),
        "content": exchange.content,
        "pixels": exchange.pixels,
        "picture": None if exchange.picture is None else picture_key(exchange.picture),
        "label": clean(str(prediction.get("label", ""))),
        "decision": str(prediction.get("decision", "")),
        "confidence": _defined(prediction.get("confidence")),
        "unknown_score": _defined(prediction.get("unknown_score")),
        "brightness": float(exchange.brightness),
        "sharpness": float(exchange.sharpness),
        "width": int(exchange.width),
        "height": int(exchange.height),
        "seconds": float(exchange.seconds),
        "kept_with": float(exchange.kept_with),
        "truth": None,
        "is_new": False,
    }


def detail_row(exchange: Exchange, number: int) -> dict[str, Any]:
    """Convert an exchange to a row of `details`."""
    kept = keep_prediction(exchange.prediction)
    return {
        "number": number,
        "embedding": None if exchange.embedding is None else encode_embedding(exchange.embedding),
        "prediction": kept.text,
        "probabilities": kept.probabilities,
        "labels": kept.labels,
    }


def feedback_row(feedback: Feedback, number: int) -> dict[str, Any]:
    """Convert feedback to a row of `feedback`."""
    return {
        "number": number,
        "exchange": clean(feedback.exchange),
        "time": float(feedback.time),
        "label": clean(feedback.label),
        "is_new": bool(feedback.is_new),
        "source": clean(feedback.source),
        "client": clean(feedback.client),
    }


def exchange_of(row: Row[Any], picture: bytes | None) -> Exchange:
    """Convert a row of `exchanges` with its details to an exchange."""
    return Exchange(
        id=row.id,
        time=row.time,
        model=row.model,
        bundle=row.bundle,
        door=row.door,
        client=row.client,
        client_id=row.client_id,
        content=row.content,
        pixels=row.pixels,
        picture=picture,
        media_type="" if picture is None else row.media_type,
        width=row.width,
        height=row.height,
        brightness=row.brightness,
        sharpness=row.sharpness,
        embedding=None if row.embedding is None else decode_embeddings([row.embedding])[0],
        prediction=restore_prediction(KeptPrediction(row.prediction, row.probabilities), row.labels),
        seconds=row.seconds,
        kept_with=row.kept_with,
    )


def columns_of_rows(rows: Sequence[Sequence[Any]], *, embeddings: bool) -> ExchangeColumns:
    """Convert rows with `COLUMNS`, and the embedding if it was read, to columns."""
    values = list(zip(*rows, strict=True)) if rows else [()] * (len(COLUMNS) + embeddings)
    columns: dict[str, Any] = {}
    for name, column in zip(COLUMNS, values, strict=False):
        columns[name] = np.array(column, _NUMBERS.get(name, np.object_))
    return ExchangeColumns(**columns, embedding=_joined(values[-1]) if embeddings else None)


def encode_embedding(embedding: np.ndarray) -> bytes:
    """Convert an embedding to float16, little endian; what it cannot hold becomes its largest value."""
    half: np.ndarray = np.clip(embedding, -_LARGEST_HALF, _LARGEST_HALF).astype(_HALF)
    return half.tobytes()


def decode_embeddings(embeddings: Sequence[bytes]) -> np.ndarray:
    """Convert embeddings of one length to float32 `[n, D]`."""
    return np.frombuffer(b"".join(embeddings), _HALF).reshape(len(embeddings), -1).astype(np.float32)


def hour_of(time: float) -> int:
    """Return the beginning of the hour of a time, seconds since 1970 UTC.

    >>> hour_of(7325.5)
    7200
    """
    return int(time // HOUR) * HOUR


def digest_of(text: str) -> bytes:
    """Return the digest under which an identifier or a hash is remembered as forgotten."""
    return hashlib.sha256(clean(text).encode()).digest()


def clean(text: str) -> str:
    """Return a text that both databases can keep: without null characters and lone surrogates."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _defined(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _joined(embeddings: Sequence[bytes | None]) -> np.ndarray | None:
    kept = [each for each in embeddings if each is not None]
    if not kept or len(kept) != len(embeddings) or len({len(each) for each in kept}) != 1:
        return None
    return decode_embeddings(kept)
