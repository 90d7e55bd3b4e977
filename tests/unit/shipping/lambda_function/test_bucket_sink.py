"""The function keeps its answers in a bucket, and answers whether it can or not."""

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from examples.aws_environment import aws_environment
from moto import mock_aws

from discern.bundle import Model, load
from discern.errors import UsageError
from discern.inference.exchange import Exchange, Feedback
from discern.inference.exchange_record import decode_records
from discern.inference.testing import CaptureSinkContract
from discern.shipping.aws import runtime_services
from discern.shipping.lambda_function.bucket_sink import BucketSink
from discern.shipping.lambda_function.function import LambdaFunction
from discern.shipping.lambda_function.function_settings import FunctionSettings
from tests.unit.bundle.factories import write_small
from tests.unit.inference.factories import RED

PLACE = "s3://kept/fruits/live"


@pytest.fixture(autouse=True)
def s3() -> Iterator[Any]:
    with aws_environment(), mock_aws():
        runtime_services.open_capture_client.cache_clear()
        client = boto3.client("s3")
        client.create_bucket(Bucket="kept")
        yield client
    runtime_services.open_capture_client.cache_clear()


def read_kept(s3: Any) -> list[Exchange | Feedback]:
    """Read all objects in the order of their times."""
    listed = s3.list_objects_v2(Bucket="kept").get("Contents", [])
    data = [s3.get_object(Bucket="kept", Key=each["Key"])["Body"].read() for each in listed]
    found = [record.content for each in data for record in decode_records(each)]
    return sorted(found, key=lambda each: each.time)  # type: ignore[union-attr,arg-type,return-value]


class TestBucketSink(CaptureSinkContract):
    def sink(self, _folder: Path) -> BucketSink:
        self._sinks = [*getattr(self, "_sinks", []), BucketSink(PLACE)]
        return self._sinks[-1]

    def kept(self, _folder: Path) -> tuple[list[Exchange], list[Feedback], int]:
        found = read_kept(boto3.client("s3"))
        exchanges = [each for each in found if isinstance(each, Exchange)]
        feedback = [each for each in found if isinstance(each, Feedback)]
        return exchanges, feedback, sum(each.lost for each in self._sinks)

    def break_down(self, _folder: Path) -> None:
        client = boto3.client("s3")
        self._objects = {}
        for each in client.list_objects_v2(Bucket="kept").get("Contents", []):
            self._objects[each["Key"]] = client.get_object(Bucket="kept", Key=each["Key"])["Body"].read()
            client.delete_object(Bucket="kept", Key=each["Key"])
        client.delete_bucket(Bucket="kept")

    def repair(self, _folder: Path) -> None:
        client = boto3.client("s3")
        client.create_bucket(Bucket="kept")
        for key, data in self._objects.items():
            client.put_object(Bucket="kept", Key=key, Body=data)


def test_an_object_lies_below_the_prefix_by_hour(s3: Any) -> None:
    BucketSink(PLACE).keep_feedback(Feedback(exchange="ab" * 16, label="red", time=1.8e9, source="api"))
    [found] = s3.list_objects_v2(Bucket="kept")["Contents"]
    assert found["Key"].startswith("fruits/live/2027/01/15/08/")
    assert found["Key"].endswith(".records")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="not an address"):
        BucketSink("s3://")
    with pytest.raises(UsageError, match="DISCERN_CAPTURE is 'kept'"):
        FunctionSettings.from_environment({"DISCERN_CAPTURE": "kept"})


def test_a_bucket_that_does_not_respond_is_tried_once_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sink, calls = BucketSink(PLACE), []

    def fail(**_: Any) -> None:
        calls.append(1)
        raise EndpointConnectionError(endpoint_url="https://s3")

    runtime_services.open_capture_client().meta.events.register("before-send.s3.PutObject", fail)
    logging.getLogger("discern").addHandler(caplog.handler)
    assert sink.keep_feedback(Feedback(exchange="ab" * 16, label="red", time=1.8e9, source="api")) is False
    assert (len(calls), sink.lost) == (1, 1)
    logging.getLogger("discern").removeHandler(caplog.handler)
    assert "1 exchanges are lost" in caplog.text


def test_a_call_gives_up_within_about_two_seconds() -> None:
    config = runtime_services.open_capture_client().meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (1, 2, 1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small(tmp_path_factory.mktemp("bundle") / "small.discern"))


@pytest.fixture
def function(model: Model) -> Iterator[LambdaFunction]:
    function = LambdaFunction(model, FunctionSettings(capture=PLACE))
    yield function
    function.close()


def post(function: LambdaFunction, path: str, body: str | bytes) -> Any:
    encoded = base64.b64encode(body if isinstance(body, bytes) else body.encode()).decode()
    response = function({"httpMethod": "POST", "path": path, "body": encoded, "isBase64Encoded": True})
    return response["statusCode"], json.loads(response["body"])


def test_an_answer_and_its_feedback_are_kept(function: LambdaFunction, s3: Any, model: Model) -> None:
    status, answer = post(function, "/predict", RED)
    assert status == 200
    told = post(function, "/feedback", json.dumps({"id": answer["id"], "label": "dark"}))
    assert told == (200, {"id": answer["id"], "label": "dark", "kept": True})
    exchange, feedback = read_kept(s3)
    assert isinstance(exchange, Exchange)
    assert (exchange.id, exchange.door, exchange.bundle) == (answer["id"], "lambda", model.fingerprint)
    assert exchange.picture is not None
    assert exchange.embedding is not None
    assert (feedback.exchange, feedback.label) == (answer["id"], "dark")  # type: ignore[union-attr]


def test_a_label_that_is_no_class_is_rejected(function: LambdaFunction) -> None:
    given = {"id": "ab" * 16, "label": "kiwi"}
    assert post(function, "/feedback", json.dumps(given))[0] == 422
    assert post(function, "/feedback", json.dumps(given | {"new": True}))[0] == 200


def test_an_answer_leaves_although_the_bucket_is_gone(function: LambdaFunction, s3: Any) -> None:
    s3.delete_bucket(Bucket="kept")
    assert post(function, "/predict", RED)[0] == 200
    assert post(function, "/feedback", json.dumps({"id": "ab" * 16, "label": "red"}))[1]["kept"] is False


def test_the_description_of_the_model_says_whether_answers_are_kept(function: LambdaFunction, model: Model) -> None:
    event = {"httpMethod": "GET", "path": "/model"}
    assert json.loads(function(event)["body"])["capture"] is True
    other = LambdaFunction(model, FunctionSettings())
    assert "capture" not in json.loads(other(event)["body"])
    assert post(other, "/feedback", "{}")[0] == 404
    other.close()
