"""Short form of predictions: probabilities as numbers, without the labels, which are kept once for each model.

It takes a tenth of the time of compressed JSON for a model with a hundred classes, and half of its size; see
`benchmarks/watching_store.py`.
"""

import hashlib
import json
import math
import zlib
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

_NAME = "probabilities"
_DOUBLE = np.dtype("<f8")
_NUMBERS = {float, int, type(None)}
_LONG_JSON = 1024  # not tuned: shorter text fits beside the embedding on a page of SQLite


class KeptPrediction(NamedTuple):
    """Short form of a prediction.

    Attributes:
        text: the prediction as JSON, compressed by zlib if it is long.
        probabilities: float64, little endian; None if they are in the JSON.
        labels: key of their labels; None likewise.
    """

    text: bytes
    probabilities: bytes | None = None
    labels: int | None = None


def keep_prediction(prediction: dict[str, Any]) -> KeptPrediction:
    """Convert a prediction to its short form."""
    values = prediction.get(_NAME)
    if not isinstance(values, dict) or not values or not _are_numbers(values.values()):
        return KeptPrediction(_compact(prediction))
    numbers = np.array([math.nan if each is None else each for each in values.values()], _DOUBLE)
    key, _ = label_set(tuple(values))
    return KeptPrediction(_compact({**prediction, _NAME: None}), numbers.tobytes(), key)


def restore_prediction(kept: KeptPrediction, labels: str | None) -> dict[str, Any]:
    """Convert the short form of a prediction back.

    Args:
        kept: the short form.
        labels: the labels of its key as JSON; None without a key.
    """
    text = kept.text if kept.text[:1] == b"{" else zlib.decompress(kept.text)
    prediction: dict[str, Any] = json.loads(text)
    if kept.probabilities is not None and labels is not None:
        numbers = np.frombuffer(kept.probabilities, _DOUBLE).tolist()
        values = (None if math.isnan(each) else each for each in numbers)
        prediction[_NAME] = dict(zip(json.loads(labels), values, strict=True))
    return prediction


@lru_cache(maxsize=64)
def label_set(labels: tuple[str, ...]) -> tuple[int, str]:
    """Return the key of some labels, from 63 bits of their SHA-256 digest, and the labels as JSON."""
    text = json.dumps(labels)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1, text


def _are_numbers(values: Any) -> bool:
    return set(map(type, values)) <= _NUMBERS


def _compact(prediction: dict[str, Any]) -> bytes:
    text = json.dumps(prediction, separators=(",", ":")).encode()
    return zlib.compress(text, 1) if len(text) > _LONG_JSON else text
