"""The function answers each kind of event as Python does, and says what is wrong with others."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from examples.aws_environment import aws_environment
from moto import mock_aws

from discern.bundle import Model, load
from discern.errors import BadRequest, Forbidden, NotAPicture, UsageError
from discern.shipping.aws import runtime_services
from discern.shipping.lambda_function.function import LambdaFunction
from discern.shipping.lambda_function.function_settings import FunctionSettings
from discern.shipping.lambda_function.workflow_states import ThresholdNotMet
from tests.unit.bundle.factories import write_small
from tests.unit.inference.factories import BLACK, RED

RED_64 = base64.b64encode(RED).decode()
JSON_TWICE = {"content-type": ["application/json"]}
FORM = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + RED + b"\r\n--x--\r\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small(tmp_path_factory.mktemp("bundle") / "small.discern"))


@pytest.fixture(scope="module")
def function(model: Model) -> Iterator[LambdaFunction]:
    function = LambdaFunction(model, FunctionSettings(max_pictures=4, buckets=("pictures",), speech="polly"))
    yield function
    function.close()


@pytest.fixture
def s3() -> Iterator[Any]:
    with aws_environment(), mock_aws():
        runtime_services._client.cache_clear()
        client = boto3.client("s3")
        client.create_bucket(Bucket="pictures")
        client.put_object(Bucket="pictures", Key="a b/red.png", Body=RED)
        client.put_object(Bucket="pictures", Key="text.png", Body=b"no picture")
        yield client
    runtime_services._client.cache_clear()


def second(body: bytes, content_type: str = "image/png", path: str = "/predict", **more: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "requestContext": {"stage": "prod", "http": {"method": "POST"}},
        "headers": {"content-type": content_type},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    } | more


def first(body: str, path: str = "/predict", **more: Any) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    return {"httpMethod": "POST", "path": path, "headers": headers, "body": body, "isBase64Encoded": False} | more


def answer(function: LambdaFunction, event: Any, status: int = 200) -> Any:
    response = function(event, request_id="r1")
    assert response["statusCode"] == status, response
    assert response["headers"]["X-Request-ID"] == "r1"
    return json.loads(response["body"])


def without_id(prediction: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in prediction.items() if name != "id"}


@pytest.mark.parametrize(
    "event",
    [
        second(RED),
        second(RED, path="/prod/predict"),
        second(RED, "", path="/prod"),
        second(FORM, "multipart/form-data; boundary=x"),
        second(json.dumps({"image_b64": RED_64}).encode(), "application/json"),
        first(json.dumps({"image_b64": RED_64})),
        first(
            json.dumps({"image_b64": RED_64}),
            path="/base/predict",
            multiValueHeaders={"content-type": ["application/json"]},
        ),
    ],
)
def test_requests_get_the_answer_of_python(function: LambdaFunction, model: Model, event: dict[str, Any]) -> None:
    assert without_id(answer(function, event)) == without_id(model(RED).to_json())


def test_lists_keep_errors_in_their_place(function: LambdaFunction) -> None:
    body = json.dumps({"image_b64": [RED_64, base64.b64encode(b"text").decode()]})
    good, bad = answer(function, first(body))["predictions"]
    assert good["label"] == "red"
    assert bad["error"]["code"] == "not_a_picture"


def test_invocations_and_evidence_are_those_of_the_server(function: LambdaFunction) -> None:
    found = answer(function, second(RED, path="/invocations"))
    assert (found["predicted_label"], found["class_labels"]) == ("red", ["dark", "red"])
    headers = {"accept": "application/json; format=array", "content-type": "image/png"}
    assert len(answer(function, second(RED, path="/invocations", headers=headers))) == 2
    assert "map" in answer(function, second(RED, queryStringParameters={"evidence": "1"}))["evidence"]
    described = answer(function, {"httpMethod": "GET", "path": "/model", "headers": None, "body": None})
    assert described["labels"] == ["dark", "red"]


@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        (second(b""), 400, "empty"),
        (second(b"text"), 415, "not_a_picture"),
        (second(b"{", "application/json"), 400, "bad_request"),
        (second(RED, "text/csv"), 415, "unsupported"),
        (second(RED, path="/nothing"), 404, "not_found"),
        (second(RED, queryStringParameters={"model": "other"}), 404, "not_found"),
        (second(RED, queryStringParameters={"evidence": "perhaps"}), 400, "bad_request"),
        (second(RED, path="/model"), 405, "method_not_allowed"),
        (first("x", isBase64Encoded=True), 400, "bad_request"),
        (first("\ufffdPNG", headers={"content-type": "image/png"}), 400, "bad_request"),
        (second(RED, headers={"content-encoding": "gzip"}), 415, "unsupported"),
        (first(json.dumps({"image_b64": [RED_64] * 5})), 413, "too_large"),
        (first(json.dumps({"image_url": "https://example.org/a.png"})), 400, "bad_request"),
        (first(json.dumps({"s3_uri": "s3://others/a.png"})), 403, "forbidden"),
        (first(json.dumps({"image_data": "", "s3_bucket": "pictures", "s3_key": "a"})), 400, "bad_request"),
    ],
)
def test_bad_requests_get_the_status_of_their_error(
    function: LambdaFunction, event: dict[str, Any], status: int, code: str
) -> None:
    assert answer(function, event, status)["error"]["code"] == code


def test_a_direct_invocation_fails_loudly(function: LambdaFunction) -> None:
    assert function({"image_b64": RED_64})["label"] == "red"
    assert len(function([{"image_b64": RED_64}])["predictions"]) == 1
    with pytest.raises(NotAPicture):
        function({"image_b64": base64.b64encode(b"text").decode()})
    for event in ({}, [], 1, "text", {"Records": [{"eventSource": "aws:sqs"}]}, {"body": "text"}):
        with pytest.raises(BadRequest):
            function(event)
    with pytest.raises(Forbidden):
        function({"s3_uri": "s3://others/a.png"})


def test_the_workflow_passes_and_fails_loudly(function: LambdaFunction, s3: Any) -> None:
    state = function({"step": "serialize", "image_data": "", "s3_bucket": "pictures", "s3_key": "a b/red.png"})
    assert state["statusCode"] == 200
    assert base64.b64decode(state["body"]["image_data"]) == RED
    assert state["body"]["inferences"] == []
    state = function({"step": "classify", "body": json.dumps(state["body"])})
    assert len(state["body"]["inferences"]) == 2
    assert state["body"]["image_data"] == ""
    assert function({"step": "filter", "threshold": 0.5, **state})["body"]["label"] == "red"
    inferences = json.dumps(state["body"]["inferences"])
    with pytest.raises(ThresholdNotMet, match=r"^THRESHOLD_CONFIDENCE_NOT_MET$"):
        function({"step": "filter", "threshold": "1", "image_data": "", "inferences": inferences})
    with pytest.raises(BadRequest, match="no probabilities"):
        function({"step": "filter", "image_data": "", "inferences": []})
    with pytest.raises(BadRequest, match="no step"):
        function({"step": "dance", "image_data": ""})


def test_the_workflow_passes_references(function: LambdaFunction, s3: Any) -> None:
    place = {"image_data": "", "bucket": "pictures", "key": "a b/red.png"}
    state = function({"step": "serialize", "references": True, **place})
    assert state["body"]["image_data"] == ""
    assert function({"step": "classify", **state})["body"]["label"] == "red"
    with pytest.raises(NotAPicture):
        function({"step": "serialize", **place, "key": "text.png"})


def test_the_filter_uses_the_decision_without_a_threshold(function: LambdaFunction, s3: Any) -> None:
    state = {"image_data": "", "inferences": [0.9], "step": "filter"}
    assert function({**state, "decision": "accept"})["decision"] == "accept"
    with pytest.raises(ThresholdNotMet):
        function({**state, "decision": "review"})
    with pytest.raises(UsageError):
        function({**state, "threshold": "high"})


def arrived(key: str) -> dict[str, Any]:
    found = {"bucket": {"name": "pictures"}, "object": {"key": key}}
    return {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": found}


def test_pictures_that_arrive_are_answered_beside_them(function: LambdaFunction, s3: Any) -> None:
    keys = ["a+b/red.png", "text.png", "gone.png", "a+b/red.png.discern.json", "folder/"]
    done = function({"Records": [arrived(key) for key in keys]})["answers"]
    assert [each["answer"] is None for each in done] == [False, False, False, True, True]
    read = lambda key: json.loads(s3.get_object(Bucket="pictures", Key=f"{key}.discern.json")["Body"].read())  # noqa: E731
    assert read("a b/red.png")["label"] == "red"
    assert read("text.png")["error"]["code"] == "not_a_picture"
    assert read("gone.png")["error"]["code"] == "not_found"


def test_events_of_eventbridge_and_queues(model: Model, s3: Any) -> None:
    queue = boto3.client("sqs").create_queue(QueueName="answers")["QueueUrl"]
    function = LambdaFunction(model, FunctionSettings(answers=queue))
    detail = {"bucket": {"name": "pictures"}, "object": {"key": "a b/red.png"}}
    function({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
    function.close()
    [message] = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["s3_uri"] == "s3://pictures/a b/red.png"


def test_answers_are_spoken_on_request(function: LambdaFunction, s3: Any) -> None:
    spoken = answer(function, second(RED, queryStringParameters={"speech": "1"}))["speech"]
    assert base64.b64decode(spoken["mp3_base64"])
    response = function(second(RED, headers={"accept": "audio/mpeg"}))
    assert (response["headers"]["Content-Type"], response["isBase64Encoded"]) == ("audio/mpeg", True)
    assert answer(function, first(json.dumps({"image_b64": [RED_64]}), queryStringParameters={"speech": "1"}), 400)


def test_s3_uris_of_allowed_buckets_are_read(function: LambdaFunction, s3: Any) -> None:
    assert answer(function, first(json.dumps({"s3_uri": "s3://pictures/a b/red.png"})))["label"] == "red"
    assert answer(function, first(json.dumps({"s3_uri": "s3://pictures/gone.png"})), 404)


def test_black_is_dark(function: LambdaFunction) -> None:
    assert answer(function, second(BLACK))["label"] == "dark"


@pytest.mark.parametrize(
    "variables",
    [
        {"THRESHOLD": "2"},
        {"DISCERN_ALLOW_URLS": "maybe"},
        {"DISCERN_MAX_PICTURES": "0"},
        {"DISCERN_STEP": "x"},
        {"DISCERN_ANSWERS": "queue"},
    ],
)
def test_bad_settings_are_refused(variables: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        FunctionSettings.from_environment(variables)
