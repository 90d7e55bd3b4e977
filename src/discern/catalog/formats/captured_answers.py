"""Answers in the data capture of SageMaker endpoints: predictions of a Discern server, or plain probabilities."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

_LISTS = ("predictions", "inferences", "probabilities", "scores")
_WRAPPERS = ("body", *_LISTS)
_LABELS = ("label", "predicted_label")
_DEPTH = 4  # a state of a workflow in JSON text in a list, at most
_TOLERANCE = 1e-3  # not tuned: probabilities rounded to three digits


class CapturedAnswer(NamedTuple):
    """Answer of a captured request for one picture.

    Attributes:
        confidence: largest probability.
        label: its label; None if the answer has only probabilities.
        position: position of the label among the probabilities; None if it has none.
        decision: `accept`, `review` or `unknown`; None if the answer has no decision.
        classes: number of probabilities; 0 if it has none.
        model: fingerprint of the model; "" if the answer has none.
    """

    confidence: float
    label: str | None = None
    position: int | None = None
    decision: str | None = None
    classes: int = 0
    model: str = ""


def read_answers(record: Mapping[str, Any]) -> list[CapturedAnswer | None]:
    """Return the answers of a captured request in their order, None in the place of one that cannot be used."""
    capture = record.get("captureData")
    sent = capture.get("endpointOutput") if isinstance(capture, dict) else None
    try:
        return _answers(_content(sent if isinstance(sent, dict) else {}), _DEPTH)
    except (ValueError, RecursionError):
        return [None]


def read_time(record: Mapping[str, Any]) -> datetime | None:
    """Return the time of a captured request in UTC, or None if it has no valid one."""
    metadata = record.get("eventMetadata")
    text = metadata.get("inferenceTime") if isinstance(metadata, dict) else None
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        return None if found is None else (found.replace(tzinfo=found.tzinfo or UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _content(sent: Mapping[str, Any]) -> Any:
    """Return the content of a response: a JSON value, one on each line, or numbers separated by commas."""
    data, encoding = sent.get("data"), str(sent.get("encoding", "")).upper()
    if not isinstance(data, str):
        return data
    text = base64.b64decode(data, validate=True).decode() if encoding == "BASE64" else data
    try:
        return json.loads(text)
    except ValueError:
        return [_line(line) for line in text.splitlines() if line.strip()]


def _line(line: str) -> Any:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, list | dict) else [float(each) for each in line.split(",")]


def _answers(content: Any, depth: int) -> list[CapturedAnswer | None]:
    """Return the answers in a response, in its order."""
    if isinstance(content, str) and depth:
        return _answers(json.loads(content), depth - 1)
    if isinstance(content, list):
        return _in_list(content, depth)
    if not isinstance(content, dict):
        return [None]
    named = isinstance(content.get("confidence"), int | float) and _label(content) is not None
    inner = next((content[key] for key in _WRAPPERS if content.get(key)), None)
    if named or inner is None or (isinstance(inner, dict) and inner is content.get("probabilities")):
        return [_from_prediction(content)]
    return _answers(inner, depth - 1) if depth else [None]


def _in_list(content: list[Any], depth: int) -> list[CapturedAnswer | None]:
    if content and all(isinstance(each, int | float) for each in content):
        return [_from_numbers(content)]
    return [answer for each in content for answer in (_answers(each, depth - 1) if depth else [None])] or [None]


def _from_numbers(numbers: list[float]) -> CapturedAnswer | None:
    confidence = max(numbers)
    if not _is_share(confidence) or any(not _is_share(each) for each in numbers):
        return None
    return CapturedAnswer(_clip(confidence), position=numbers.index(confidence), classes=len(numbers))


def _from_prediction(content: Mapping[str, Any]) -> CapturedAnswer | None:
    """Return the answer in a prediction with a label and its confidence, or with a probability for each label."""
    shares = content.get("probabilities")
    named = {str(name): each for name, each in shares.items() if _is_share(each)} if isinstance(shares, dict) else {}
    label = _label(content) or max(named, key=named.__getitem__, default=None)
    confidence = content.get("confidence", named.get(str(label)))
    if label is None or not _is_share(confidence):
        return None
    decision, model = content.get("decision"), content.get("model")
    fingerprint = model.get("fingerprint") if isinstance(model, dict) else None
    return CapturedAnswer(
        _clip(confidence),
        label=label,
        decision=decision if decision in ("accept", "review", "unknown") else None,
        classes=len(shares) if isinstance(shares, dict | list) else 0,
        model=fingerprint if isinstance(fingerprint, str) else "",
    )


def _clip(confidence: float) -> float:
    return min(max(float(confidence), 0.0), 1.0)


def _label(content: Mapping[str, Any]) -> str | None:
    return next((content[key] for key in _LABELS if isinstance(content.get(key), str)), None)


def _is_share(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and -_TOLERANCE <= value <= 1 + _TOLERANCE
