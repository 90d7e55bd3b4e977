"""States of a workflow in JSON documents."""

import base64
import json
from typing import Any

import pytest

from discern.errors import BadRequest, RequestTooLarge
from discern.inference.json_parsing import JsonLimits, parse_document
from discern.inference.workflow_step import WorkflowStep, parse_step

LIMITS = JsonLimits(strings=40, lists=40, values=40)


def parse(content: Any) -> WorkflowStep | None:
    return parse_step(parse_document(json.dumps(content).encode(), limits=LIMITS, hint=""), limits=LIMITS, hint="")


@pytest.mark.parametrize("content", [[], {}, {"image_b64": "eA=="}, {"body": {}}, {"body": []}, {"body": "1"}, 1])
def test_other_documents_are_no_states(content: Any) -> None:
    assert parse(content) is None


def test_the_picture_and_its_place_are_read() -> None:
    step = parse({"statusCode": 200, "body": {"image_data": "eA==", "s3_key": "a", "bucket": "b"}})
    assert step is not None
    assert (step.picture, step.key, step.bucket, step.wrapped) == (b"x", "a", "b", True)
    assert step.response({"label": "c"}, [1.0]) == {
        "statusCode": 200,
        "body": {"label": "c", "image_data": "", "s3_bucket": "b", "s3_key": "a", "inferences": [1.0]},
    }


def test_long_values_are_pictures_only() -> None:
    data = base64.b64encode(b"x" * 9000).decode()
    step = parse({"body": json.dumps({"image_data": data})})
    assert step is not None
    assert step.picture == b"x" * 9000
    with pytest.raises(RequestTooLarge):
        parse({"image_data": "eA==", "s3_key": data})


def test_text_within_text_within_text_is_refused() -> None:
    with pytest.raises(BadRequest, match="not valid JSON"):
        parse({"body": "x" * 9000})
    assert parse({"body": json.dumps({"body": json.dumps({"image_data": "eA=="})})}) is None
