"""Requests that give the true label of an exchange."""

import json
from typing import Any

import pytest

from discern.errors import BadRequest, NotFound, RequestTooLarge, UnknownLabel
from discern.inference.exchange import Feedback
from discern.inference.feedback_request import MAX_BYTES, FeedbackRequest, parse_feedback
from discern.inference.known_labels import KnownLabels

ID = "0123456789abcdef" * 2
LABELS = KnownLabels(["red", "dark"], names={"dark": {"name": "Black card"}})


def parse(**fields: Any) -> FeedbackRequest:
    return parse_feedback(json.dumps({"id": ID, "label": "red"} | fields).encode())


def test_a_request_is_read_with_its_optional_fields() -> None:
    assert parse() == FeedbackRequest(exchange=ID, label="red")
    assert parse(label=" kiwi ", new=True, source="page") == FeedbackRequest(
        exchange=ID, label="kiwi", is_new=True, source="page"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"label": ""},
        {"label": " "},
        {"label": 3},
        {"label": "a\nb"},
        {"label": "x" * 1001},
        {"label": "half \ud800"},
        {"id": 7},
        {"new": 1},
        {"new": "true"},
        {"source": "csv"},
        {"truth": "red"},
    ],
)
def test_a_field_of_another_kind_is_rejected(fields: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        parse(**fields)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"id": "x"}', b'{"label": "red"}'])
def test_a_body_that_is_no_feedback_is_rejected(body: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_feedback(body)


def test_an_identifier_of_another_form_is_unknown() -> None:
    with pytest.raises(NotFound, match="no answer with the id 'x'"):
        parse(id="x")


def test_a_body_larger_than_a_label_can_be_is_rejected() -> None:
    assert parse(label="ä" * 1000).label == "ä" * 1000
    with pytest.raises(RequestTooLarge):
        parse_feedback(b" " * (MAX_BYTES + 1))


def test_the_label_that_is_meant_is_kept() -> None:
    feedback = parse(label="black card").feedback(LABELS, time=7.0, client="alice")
    assert feedback == Feedback(exchange=ID, label="dark", time=7.0, source="api", client="alice")


def test_a_label_that_is_none_of_the_classes_must_be_marked_as_new() -> None:
    with pytest.raises(UnknownLabel, match="'kiwi' is none of the classes"):
        parse(label="kiwi").feedback(LABELS, time=7.0, client="")
    assert parse(label="kiwi", new=True).feedback(LABELS, time=7.0, client="").is_new


def test_a_class_is_not_new_whatever_the_request_says() -> None:
    feedback = parse(label="Red", new=True).feedback(LABELS, time=7.0, client="")
    assert (feedback.label, feedback.is_new) == ("red", False)
