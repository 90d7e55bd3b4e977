"""Functions that parse server responses into predictions and errors."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields
from http import HTTPStatus
from typing import Any, get_args

import numpy as np

from discern.bundle import Decision, Prediction
from discern.bundle.manifest_schema import MAX_LABELS
from discern.bundle.prediction_sets import are_distributions
from discern.bundle.strict_json import list_of, null_or, number, object_of, record, text
from discern.client.backoff import read_retry_after
from discern.errors import (
    DiscernError,
    Overloaded,
    PictureError,
    PictureTooLarge,
    RequestError,
    Unauthorized,
    Unreachable,
)

RETRIED = (429, 502, 503, 504)
"""Status codes after which the same request is retried."""

_words = text(20_000)
_number = null_or(number())


def _decision(value: Any, at: str) -> None:
    if value not in get_args(Decision):
        raise ValueError(f"{at} is not a decision")


_PREDICTION = record(
    {
        **dict.fromkeys(("label", "message", "id"), _words),
        **dict.fromkeys(("looks_like", "name", "spoken", "route"), null_or(_words)),
        **dict.fromkeys(("confidence", "unknown_score", "order_value"), _number),
        "decision": _decision,
        "probabilities": object_of(_number),
        "set": null_or(list_of(_words, MAX_LABELS)),
        "model": object_of(_words),
    }
)
_FIELDS = {field.name for field in fields(Prediction)}
_MAX_VALUES = 1_000_000
_MAX_TEXT = 1_000
_CHECK_ADDRESS = "Check that this is the address of a Discern server."


def read_prediction(body: bytes, address: str) -> Prediction:
    """Parse a JSON response from the server into a prediction.

    Raises:
        Unreachable: the body is not a prediction.
    """
    found = read_object(body, address)
    try:
        _PREDICTION(found, "")
        values = {name: value for name, value in found.items() if name in _FIELDS}
        # JSON has no NaN: a server writes null.
        values |= {name: math.nan for name in ("confidence", "unknown_score") if values.get(name, 0) is None}
        if isinstance(values.get("probabilities"), dict):
            values["probabilities"] = {
                label: math.nan if each is None else each for label, each in values["probabilities"].items()
            }
        if values.get("set") is not None:
            values["set"] = tuple(values["set"])
        prediction = Prediction(**values)
        if prediction.decision == "accept" and not _is_distribution(prediction.probabilities):
            raise ValueError("it is accepted without probabilities")
        return prediction
    except (TypeError, ValueError) as error:
        raise Unreachable(f"The response of {address} is not a prediction.", hint=_CHECK_ADDRESS) from error


def _is_distribution(probabilities: Mapping[str, float]) -> bool:
    return bool(probabilities) and bool(are_distributions(np.array([list(probabilities.values())]))[0])


def read_object(body: bytes, address: str) -> dict[str, Any]:
    """Parse the JSON object in the body of a server response.

    Raises:
        Unreachable: the body is not a JSON object.
    """
    try:
        if sum(map(body.count, (b",", b"[", b"{"))) > _MAX_VALUES:  # each takes up to a hundred times its bytes
            raise ValueError("too many values")
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Unreachable(f"The response of {address} is not a JSON object.", hint=_CHECK_ADDRESS)
    return found


def read_error(status: int, headers: Mapping[str, str], body: bytes, address: str) -> DiscernError:
    """Parse an error response from the server into the corresponding exception.

    Args:
        status: HTTP status code.
        headers: response headers.
        body: response body.
        address: the server's address, for messages.
    """
    if 300 <= status < 400:
        target = headers.get("location", "another address")[:_MAX_TEXT]
        return Unreachable(f"{address} redirects to {target}.", hint="Use that address.")
    try:
        found = read_object(body, address)["error"]
        code, message, hint = (str(found[name])[:_MAX_TEXT] for name in ("code", "message", "hint"))
    except (DiscernError, KeyError, TypeError):
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # from a proxy before the server
            return PictureTooLarge(f"{address} rejects a file of this size.", hint="Reduce the size of the picture.")
        return Unreachable(f"{address} responds with status {status} and no reason.", hint=_CHECK_ADDRESS)
    error_class = _ERRORS.get(code, RequestError)
    if error_class is Unauthorized and "Authorization" in hint:  # advice for other HTTP clients
        hint = "Pass one as key=..., or on the command line with --key or DISCERN_KEY."
    if issubclass(error_class, Overloaded):
        return error_class(message, hint=hint, retry_after=read_retry_after(headers.get("retry-after")) or 1)
    error = error_class(message, hint=hint)
    error.code = code  # also for codes without a class of their own, such as internal errors
    return error


def _subclasses(error_class: type[DiscernError]) -> Iterator[type[DiscernError]]:
    yield error_class
    for child in error_class.__subclasses__():
        yield from _subclasses(child)


# `too_large` is the code of pictures and of requests; this client sends one picture per request, so the picture wins.
_ERRORS = {each.code: each for each in (*_subclasses(RequestError), *_subclasses(PictureError))}
