"""Answers of captured requests: predictions of ours, arrays of probabilities, and what is neither."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from discern.catalog.formats.captured_answers import read_answers, read_time

OURS = {
    "label": "bicycle",
    "confidence": 0.9,
    "decision": "accept",
    "probabilities": {"bicycle": 0.9, "motorcycle": 0.1},
    "model": {"name": "vehicles", "fingerprint": "ab"},
    "predicted_label": "bicycle",
}


def record(data: Any, encoding: str = "JSON") -> dict[str, Any]:
    return {"captureData": {"endpointOutput": {"data": data, "encoding": encoding}}}


def answers(output: Any) -> list[tuple[float, str | None, int | None, str | None] | None]:
    return read(record(json.dumps(output)))


def read(given: dict[str, Any]) -> list[tuple[float, str | None, int | None, str | None] | None]:
    found = read_answers(given)
    return [None if each is None else (each.confidence, each.label, each.position, each.decision) for each in found]


FROM_OURS = (0.9, "bicycle", None, "accept")
FROM_NUMBERS = (0.9, None, 1, None)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (OURS, [FROM_OURS]),
        ([OURS, OURS], [FROM_OURS, FROM_OURS]),
        ({"predictions": [OURS, {"error": "not_a_picture"}, OURS]}, [FROM_OURS, None, FROM_OURS]),
        ({"predicted_label": "bicycle", "confidence": 0.9}, [(0.9, "bicycle", None, None)]),
        ({"probabilities": {"bicycle": 0.9, "motorcycle": 0.1}}, [(0.9, "bicycle", None, None)]),
        ({"probabilities": [0.1, 0.9]}, [FROM_NUMBERS]),
        ([0.1, 0.9], [FROM_NUMBERS]),
        ([[0.1, 0.9], [0.5, 0.5]], [FROM_NUMBERS, (0.5, None, 0, None)]),
        ({"statusCode": 200, "body": {"image_data": "", "inferences": [0.1, 0.9]}}, [FROM_NUMBERS]),
        ({"statusCode": 200, "body": json.dumps({"inferences": "[0.1, 0.9]"})}, [FROM_NUMBERS]),
        ({"body": OURS | {"inferences": [0.9, 0.1]}}, [FROM_OURS]),
        (OURS | {"decision": "maybe"}, [(0.9, "bicycle", None, None)]),
        ([0, 1], [(1.0, None, 1, None)]),
        ([1.0004, -0.0004], [(1.0, None, 0, None)]),
    ],
)
def test_each_form_of_answer_is_read(output: object, expected: object) -> None:
    assert answers(output) == expected


@pytest.mark.parametrize(
    "output",
    [
        None,
        "",
        "text",
        7,
        {},
        [],
        {"error": "overloaded"},
        [float("nan"), 0.5],
        [float("inf"), 0.0],
        [3.0, 4.0],
        [True, False],
        [10**400, 0],
        OURS | {"confidence": 2.0},
        OURS | {"confidence": None, "probabilities": None},
        OURS | {"confidence": True},
        {"label": 7, "confidence": 0.9},
        {"body": {"body": {"body": {"body": {"body": [0.1, 0.9]}}}}},
    ],
)
def test_what_is_no_answer_is_not_used(output: object) -> None:
    assert set(answers(output)) == {None}


def test_answers_are_read_in_each_encoding() -> None:
    text = json.dumps([0.1, 0.9])
    assert read(record(base64.b64encode(text.encode()).decode(), "BASE64")) == [FROM_NUMBERS]
    assert read(record(text, "UTF8")) == [FROM_NUMBERS]
    for lines in ("[0.1, 0.9]\n[0.1, 0.9]\n", '{"probabilities": [0.1, 0.9]}\n\n0.1,.9'):
        assert read(record(lines)) == [FROM_NUMBERS, FROM_NUMBERS]
    assert read(record("0.1,0.9\n0.5, 0.5\n", "CSV")) == [FROM_NUMBERS, (0.5, None, 0, None)]
    assert read(record([0.1, 0.9])) == [FROM_NUMBERS]
    for data, encoding in [("!", "BASE64"), ("a,b", "CSV"), ("/w==", "BASE64"), (None, "JSON")]:
        assert read(record(data, encoding)) == [None]


@pytest.mark.parametrize("given", [{}, {"captureData": 3}, {"captureData": {"endpointOutput": [1]}}])
def test_a_record_without_an_answer_has_none(given: dict[str, Any]) -> None:
    assert read_answers(given) == [None]


def test_deep_nesting_is_no_answer() -> None:
    assert read(record("[" * 100_000)) == [None]
    assert set(answers([[[[[[[[0.1, 0.9]]]]]]]])) == {None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-29T10:00:00Z", datetime(2026, 11, 29, 10, tzinfo=UTC)),
        ("2026-11-29T10:00:00", datetime(2026, 11, 29, 10, tzinfo=UTC)),
        ("2026-11-29T12:00:00+02:00", datetime(2026, 11, 29, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (None, None),
        (5, None),
    ],
)
def test_times_are_in_utc(text: object, expected: datetime | None) -> None:
    assert read_time({"eventMetadata": {"inferenceTime": text}}) == expected


def test_a_record_without_metadata_has_no_time() -> None:
    assert read_time({}) is None
    assert read_time({"eventMetadata": 3}) is None
