"""Functions that make exchanges of the captured requests of an endpoint."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from discern.bundle import Model
from discern.catalog.formats.capture_file import CapturedPicture, event_of
from discern.catalog.formats.captured_answers import CapturedAnswer, read_answers
from discern.errors import PictureError
from discern.flow.captured.capture_line import read_extra
from discern.inference.exchange import Exchange
from discern.picture import apply_recipe, choose_recipe, open_picture, pixel_hash
from discern.picture.statistics import measure_statistics
from discern.picture.strip_metadata import strip_metadata

_ID = re.compile(r"[0-9a-f]{32}")
_SIDE = 192  # of the input on which statistics are measured without a bundle; not tuned: that of the default backbone
_DEPTH = 4


@dataclass(frozen=True, kw_only=True)
class CapturedExchange:
    """Captured answer for one picture, before the picture is decoded.

    Attributes:
        id: identifier, 32 hexadecimal digits.
        time: time of the request, seconds since 1970 UTC.
        data: the picture's file; b"" if there is none that can be used.
        prediction: the prediction, without `model` and `id`.
        model: name of the model; "" if the answer does not say.
        bundle: fingerprint of its bundle; "" likewise.
        extra: further attributes of the exchange, see `read_extra`.
    """

    id: str
    time: float
    data: bytes
    prediction: dict[str, Any]
    model: str
    bundle: str
    extra: Mapping[str, Any]


def answered(
    pictures: Iterable[CapturedPicture], *, time: datetime | None, labels: tuple[str, ...]
) -> Iterator[CapturedExchange | None]:
    """Yield the exchange of each picture of one captured request; None in the place of one without a usable answer.

    Args:
        pictures: the pictures of the request, all with the same record.
        time: time of the request; None if it is not known, which counts as 1970.
        labels: labels that name plain probabilities; () to number them.
    """
    own = list(pictures)
    record = own[0].record or {}
    answers, contents, extra = read_answers(record), _contents(record), read_extra(record)
    if len(answers) != len(own):
        answers = [None] * len(own)
    if len(contents) != len(own):
        contents = [{}] * len(own)
    seconds = extra.pop("time", (time or datetime.fromtimestamp(0, UTC)).timestamp())
    for place, (picture, answer, content) in enumerate(zip(own, answers, contents, strict=True)):
        if answer is None:
            yield None
            continue
        prediction = _prediction(answer, content, labels)
        model = content.get("model") if isinstance(content.get("model"), dict) else {}
        yield CapturedExchange(
            id=_identify(content, record, place, picture),
            time=seconds,
            data=b"" if picture.error is not None else picture.data,
            prediction=prediction,
            model=str(model.get("name", "")) if isinstance(model, dict) else "",
            bundle=answer.model,
            extra=extra if len(own) == 1 else {},
        )


def build_exchange(found: CapturedExchange, *, model: Model | None) -> Exchange:
    """Decode and measure the picture of a captured answer, and build the exchange.

    The picture is kept without its metadata. Measures that the capture holds are taken from it. With a model, the
    embedding and the statistics are its own, from the network's input; the captured prediction stays.
    """
    known: dict[str, Any] = {"brightness": 0.0, "sharpness": 0.0, "width": 0, "height": 0, "seconds": 0.0}
    known |= {"door": "sagemaker", "model": found.model, "bundle": found.bundle}
    known |= _measure(found.data, model) if found.data else {}
    known |= {name: value for name, value in found.extra.items() if model is None or name not in _MEASURED}
    if model is not None and not known["bundle"]:
        known |= {"bundle": model.fingerprint, "model": model.manifest.name}
    return Exchange(id=found.id, time=found.time, prediction=found.prediction, **known)


_MEASURED = ("brightness", "sharpness", "embedding")


def _measure(data: bytes, model: Model | None) -> dict[str, Any]:
    """Return what is measured on a picture; nothing if it cannot be decoded."""
    try:
        pixels = open_picture(data)
        picture, media_type = strip_metadata(data)
    except PictureError:
        return {}
    height, width, _ = pixels.shape
    recipe = choose_recipe([(width, height)], _SIDE) if model is None else model.manifest.recipe
    inputs = apply_recipe(pixels, recipe)
    (statistics,) = measure_statistics([inputs])
    found: dict[str, Any] = {
        "content": hashlib.sha256(data).hexdigest(),
        "pixels": pixel_hash(pixels),
        "picture": picture,
        "media_type": media_type,
        "width": width,
        "height": height,
        "brightness": statistics.brightness,
        "sharpness": statistics.sharpness,
    }
    if model is not None:
        found["embedding"] = np.array(model.run(inputs[None])["embedding"][0])
    return found


def _identify(content: Mapping[str, Any], record: Mapping[str, Any], place: int, picture: CapturedPicture) -> str:
    """Return the identifier of the prediction, or of the event, or one made from the event or the line."""
    own, event = content.get("id"), event_of(record)
    plain = event.replace("-", "").lower()
    for each in (own, plain if place == 0 else None):
        if isinstance(each, str) and _ID.fullmatch(each):
            return each
    named = f"{event}\n{place}" if event else f"{picture.path}\n{hashlib.sha256(picture.data).hexdigest()}"
    return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:32]


def _prediction(answer: CapturedAnswer, content: Mapping[str, Any], labels: tuple[str, ...]) -> dict[str, Any]:
    label = answer.label
    if label is None:
        position = answer.position or 0
        label = labels[position] if answer.classes == len(labels) else f"class {position}"
    kept = {str(key): value for key, value in content.items() if key not in ("model", "id")}
    decision = answer.decision or "review"
    return kept | {"label": label, "confidence": answer.confidence, "decision": decision}


def _contents(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the predictions of a response as they are, each a dictionary, in their order."""
    capture = record.get("captureData")
    sent = capture.get("endpointOutput") if isinstance(capture, dict) else None
    data = sent.get("data") if isinstance(sent, dict) else None
    try:
        return _flatten(json.loads(data) if isinstance(data, str) else data, _DEPTH)
    except (ValueError, RecursionError):
        return []


def _flatten(content: Any, depth: int) -> list[dict[str, Any]]:
    if isinstance(content, list):
        if not depth or not all(isinstance(each, dict | list) for each in content):
            return [{}]
        return [found for each in content for found in _flatten(each, depth - 1)]
    if not isinstance(content, dict):
        return []
    inner = content.get("predictions")
    return _flatten(inner, depth - 1) if isinstance(inner, list) and depth else [content]
