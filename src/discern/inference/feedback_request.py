"""Requests that give the true label of an exchange (`POST /feedback`)."""

import re
from dataclasses import dataclass
from typing import Any

from discern.errors import BadRequest, NotFound, RequestTooLarge, UnknownLabel
from discern.inference.exchange import Feedback
from discern.inference.known_labels import KnownLabels

MAX_BYTES = 16_384  # not tuned: a label of 1,000 characters, each escaped as 12 bytes
_MAX_LABEL = 1000  # characters, as in bundles
_SOURCES = ("api", "page", "audit")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ID = re.compile(r"[0-9a-f]{32}")
_HINT = 'Send {"id": "...", "label": "..."}, with "new": true for a label that is none of the classes.'


@dataclass(frozen=True, kw_only=True)
class FeedbackRequest:
    """True label of an exchange, as a request gives it.

    Attributes:
        exchange: identifier of the exchange, 32 hexadecimal digits.
        label: the label, its display name, or one of its other names.
        is_new: whether a label that is none of the model's classes is meant.
        source: where it comes from: `api`, `page` or `audit`.
    """

    exchange: str
    label: str
    is_new: bool = False
    source: str = "api"

    def feedback(self, labels: KnownLabels, *, time: float, client: str) -> Feedback:
        """Return the feedback, with the class label that is meant.

        Args:
            labels: the classes of the model that answered.
            time: when it was given, seconds since 1970 UTC.
            client: name of the API key, or a digest of the client's address.

        Raises:
            UnknownLabel: the label is none of the classes, and is not marked as new.
        """
        known = labels.find(self.label)
        if known is None and not self.is_new:
            raise UnknownLabel(
                f"{self.label[:80]!r} is none of the classes of the model that answered.",
                hint='Send one of its labels, see GET /model, or "new": true for something else.',
            )
        return Feedback(
            exchange=self.exchange,
            label=self.label if known is None else known,
            is_new=known is None,
            time=time,
            source=self.source,
            client=client,
        )


def parse_feedback(body: bytes) -> FeedbackRequest:
    """Parse the body of a feedback request.

    Raises:
        BadRequest: it is not the JSON object that is expected.
        NotFound: its identifier cannot be that of an exchange.
        RequestTooLarge: it is larger than a label can be.
    """
    # Imported when feedback arrives: a function in the cloud that gets pictures starts without it.
    from discern.inference.json_parsing import parse_json  # noqa: PLC0415

    if len(body) > MAX_BYTES:
        raise RequestTooLarge(f"The feedback has more than {MAX_BYTES:,} bytes.", hint=_HINT)
    fields = parse_json(body, max_values=16, hint=_HINT)
    if not isinstance(fields, dict) or not {"id", "label"} <= fields.keys():
        raise BadRequest('The body has no "id" or no "label".', hint=_HINT)
    if others := sorted(fields.keys() - {"id", "label", "new", "source"}):
        raise BadRequest(f"The body has {others[0][:80]!r}, which is not read.", hint=_HINT)
    return FeedbackRequest(
        exchange=_parse_id(fields["id"]),
        label=_parse_label(fields["label"]),
        is_new=_parse_new(fields.get("new", False)),
        source=_parse_source(fields.get("source", "api")),
    )


def unknown_exchange(exchange: str) -> NotFound:
    """Build the error for an identifier of which no exchange is known."""
    return NotFound(
        f"There is no answer with the id {exchange[:64]!r} here.", hint="Send the id of an answer of this server."
    )


def _parse_id(value: Any) -> str:
    if not isinstance(value, str):
        raise BadRequest("id must be a string.", hint=_HINT)
    if not _ID.fullmatch(value):
        raise unknown_exchange(value)
    return value


def _parse_label(value: Any) -> str:
    label = value.strip() if isinstance(value, str) else ""
    if not label or len(label) > _MAX_LABEL or _UNPRINTABLE.search(label):
        raise BadRequest(f"label must be text of at most {_MAX_LABEL:,} characters, on one line.", hint=_HINT)
    return label


def _parse_new(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadRequest("new must be true or false.", hint=_HINT)
    return value


def _parse_source(value: Any) -> str:
    if value not in _SOURCES:
        raise BadRequest(f"source must be one of: {', '.join(_SOURCES)}.", hint=_HINT)
    return str(value)
