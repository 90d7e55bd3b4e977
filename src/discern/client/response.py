"""What a server says, as the objects that a bundle gives."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields
from http import HTTPStatus
from typing import Any

from discern.bundle import Prediction
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
"""Statuses after which the same question may have an answer."""

_FIELDS = {field.name for field in fields(Prediction)}
_OTHER = "Is this the address of a Discern server?"


def read_prediction(body: bytes, where: str) -> Prediction:
    """Make a `Prediction` of an answer's JSON; what it holds beside is passed over.

    Raises:
        Unreachable: it is none.
    """
    said = read_object(body, where)
    try:
        plain = {name: value for name, value in said.items() if name in _FIELDS}
        # JSON has no NaN: a server writes null.
        plain |= {name: math.nan for name in ("confidence", "unknown_score") if plain.get(name, 0) is None}
        if isinstance(plain.get("probabilities"), dict):
            plain["probabilities"] = {
                label: math.nan if each is None else each for label, each in plain["probabilities"].items()
            }
        if plain.get("set") is not None:
            plain["set"] = tuple(plain["set"])
        return Prediction(**plain)
    except TypeError as error:
        raise Unreachable(f"What {where} answers is no prediction.", hint=_OTHER) from error


def read_object(body: bytes, where: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        Unreachable: it is none.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Unreachable(f"What {where} answers is no JSON object.", hint=_OTHER)
    return said


def read_error(status: int, headers: Mapping[str, str], body: bytes, where: str) -> DiscernError:
    """Make of a refusal the error that a bundle would have raised here, or a `RequestError`.

    Args:
        status: of the HTTP answer.
        headers: its headers.
        body: its body.
        where: the address that was asked.
    """
    if 300 <= status < 400:
        return Unreachable(f"{where} leads on to {headers.get('location', 'somewhere else')}.", hint="Ask there.")
    try:
        said = read_object(body, where)["error"]
        code, message, hint = (str(said[name]) for name in ("code", "message", "hint"))
    except (DiscernError, KeyError, TypeError):
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # said by what stands before the server
            return PictureTooLarge(f"{where} takes no file of this size.", hint="Make the picture smaller.")
        return Unreachable(f"{where} answers with status {status} and no reason.", hint=_OTHER)
    kind = _KINDS.get(code, RequestError)
    if kind is Unauthorized and "Authorization" in hint:  # which is how a program of one's own sends it
        hint = "Give one as key=..., or on the command line as --key or in DISCERN_KEY."
    if issubclass(kind, Overloaded):
        return kind(message, hint=hint, retry_after=read_retry_after(headers.get("retry-after")) or 1)
    fault = kind(message, hint=hint)
    fault.code = code  # also where it is of no kind that a question meets, such as a fault of the server
    return fault


def _family(kind: type[DiscernError]) -> Iterator[type[DiscernError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)


# A picture and a request that are too large have one code; who sends one picture at a time means the picture.
_KINDS = {kind.code: kind for kind in (*_family(RequestError), *_family(PictureError))}
