"""Dataclasses for captured exchanges: one picture that was classified, with its prediction and later feedback."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Exchange:
    """Picture that was classified, with its prediction and the circumstances.

    Attributes:
        id: identifier of the prediction, 32 hexadecimal digits.
        time: when it was answered, seconds since 1970 UTC.
        model: name under which the model is served.
        bundle: fingerprint of the model's bundle.
        door: endpoint that was asked: `rest`, `sagemaker`, `v2`, `lambda` or `batch`.
        client: name of the API key, or a digest of the client's address; "" if unknown.
        client_id: the client's own identifier of the request, from its header X-Request-ID; None without one.
        content: SHA-256 digest of the picture's bytes as they arrived, hexadecimal; "" for a picture sent as pixels.
        pixels: digest of its upright pixels, see `picture.pixel_hash`; "" until it is computed.
        picture: the picture's file without metadata, apart from its orientation; None if it is not kept.
        media_type: media type of `picture`, such as "image/jpeg"; "" if it is not kept.
        width: width of the upright picture in pixels.
        height: its height.
        brightness: mean of the network's input as grey level, in [0, 1].
        sharpness: sharpness of the network's input, in [0, 1], see `picture.statistics`.
        embedding: float32 `[D]`, the model's output `embedding`; None if unknown.
        prediction: the prediction as in the response, without `model` and `id`.
        seconds: time from the request's arrival in the queue to the prediction.
        kept_with: probability with which sampling kept an exchange like this one, in (0, 1].
    """

    id: str
    time: float
    model: str
    bundle: str
    door: str
    client: str = ""
    client_id: str | None = None
    content: str = ""
    pixels: str = ""
    picture: bytes | None = None
    media_type: str = ""
    width: int
    height: int
    brightness: float
    sharpness: float
    embedding: np.ndarray | None = None
    prediction: dict[str, Any]
    seconds: float
    kept_with: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """True label of an exchange, as a person or a client told it.

    Attributes:
        exchange: identifier of the exchange.
        label: the true label.
        is_new: True if the label is none of the model's classes.
        time: when it was given, seconds since 1970 UTC; the last one holds.
        source: where it came from: `page`, `api`, `audit` or `csv`.
        client: name of the API key, or a digest of the client's address; "" if unknown.
    """

    exchange: str
    label: str
    is_new: bool = False
    time: float
    source: str
    client: str = ""
