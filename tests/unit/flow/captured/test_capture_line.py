"""A line of data capture holds a whole exchange, in SageMaker's own form and beside it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from discern.catalog.formats.captured_answers import read_answers, read_time
from discern.flow.captured.capture_line import event_id, read_extra, write_line
from tests.unit.inference.factories import RED, make_exchange


def test_other_readers_find_the_picture_the_answer_and_the_time() -> None:
    record = json.loads(write_line(make_exchange(3)))
    sent = record["captureData"]["endpointInput"]
    assert (sent["observedContentType"], sent["mode"], sent["encoding"]) == ("image/png", "INPUT", "BASE64")
    assert base64.b64decode(sent["data"]) == RED
    assert record["eventVersion"] == "0"
    assert record["eventMetadata"]["eventId"] == "00000000-0000-0000-0000-000000000003"
    assert read_time(record) == datetime.fromtimestamp(1_800_000_003, UTC)
    (answer,) = read_answers(record)
    assert answer is not None
    assert (answer.label, answer.confidence, answer.decision, answer.model) == ("red", 0.97, "accept", "ab" * 32)


def test_what_the_format_lacks_is_read_back() -> None:
    exchange = make_exchange(3, client_id="mine", pixels="cd" * 32, kept_with=0.25, time=1_800_000_000.625)
    extra = read_extra(json.loads(write_line(exchange)))
    for name in ("door", "client", "client_id", "content", "pixels", "width", "brightness", "kept_with", "time"):
        assert extra[name] == getattr(exchange, name), name
    assert exchange.embedding is not None
    assert np.array_equal(extra["embedding"], exchange.embedding)


@pytest.mark.parametrize(
    "extra",
    [
        None,
        [],
        "text",
        {"width": "40", "height": True, "seconds": -1, "brightness": None, "door": 7, "embedding": 3},
        {"embedding": "not base64!"},
        {"embedding": "AAA="},
        {"embedding": base64.b64encode(np.array([np.nan], "<f4").tobytes()).decode()},
        {"kept_with": 0},
        {"kept_with": 1.5},
        {"unknown": 1},
    ],
)
def test_what_is_forged_is_left_out(extra: Any) -> None:
    assert read_extra({"eventMetadata": {"discern": extra}}) == {}


def test_an_identifier_of_another_form_stays_as_it_is() -> None:
    assert event_id("my-own") == "my-own"
    assert event_id("z" * 32) == "z" * 32
