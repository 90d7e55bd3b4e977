"""The function in a process of its own, run by the real runtime client on the package's modules alone."""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from discern.bundle import Model, load
from tests.cloud_services import CREDENTIALS, cloud_services
from tests.runtime_api import FunctionError, RunningFunction, write_client, write_task
from tests.unit.bundle.factories import write_small
from tests.unit.inference.factories import RED

RED_64 = base64.b64encode(RED).decode()
KEY = "a b/ü+%20.png"
ENCODED_KEY = "a+b/%C3%BC%2B%2520.png"
FORM = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + RED + b"\r\n--x--\r\n"
HALF = "\ud800"


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    write_task(folder)
    write_small(folder / "model.discern")
    return folder


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("client")
    write_client(folder)
    return folder


@pytest.fixture(scope="module")
def model(task: Path) -> Model:
    return load(task / "model.discern")


@pytest.fixture(scope="module")
def variables() -> Iterator[Mapping[str, str]]:
    """Variables of the services, in which there is a bucket with pictures and a queue."""
    with cloud_services() as found:
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="pictures")
        for key, content in ((KEY, RED), ("text.png", b"no picture"), ("cut.png", RED[:50])):
            s3.put_object(Bucket="pictures", Key=key, Body=content)
        boto3.client("sqs").create_queue(QueueName="answers")
        yield found


@pytest.fixture(scope="module")
def function(task: Path, client: Path, model: Model, variables: Mapping[str, str]) -> Iterator[RunningFunction]:
    own = {"DISCERN_FINGERPRINT": model.fingerprint, "DISCERN_BUCKETS": "pictures", "DISCERN_SPEECH": "polly"}
    with RunningFunction(task, [client], {**variables, **own}) as running:
        yield running


def second(picture: bytes = RED, content_type: str = "image/png", **more: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/predict",
        "requestContext": {"http": {"method": "POST"}, "stage": "$default"},
        "headers": {"content-type": content_type},
        "body": base64.b64encode(picture).decode(),
        "isBase64Encoded": True,
    } | more


def first(**more: Any) -> dict[str, Any]:
    body = json.dumps({"image_b64": RED_64})
    return {
        "httpMethod": "POST",
        "path": "/predict",
        "headers": {"Content-Type": "application/json"},
        "body": body,
    } | more


def arrived(key: Any, bucket: Any = "pictures", event: Any = "ObjectCreated:Put", **more: Any) -> dict[str, Any]:
    found = {"bucket": {"name": bucket}, "object": {"key": key, **more}}
    return {"eventSource": "aws:s3", "eventName": event, "s3": found}


def of_eventbridge(detail: Any, kind: str = "Object Created") -> dict[str, Any]:
    return {"source": "aws.s3", "detail-type": kind, "detail": detail}


def same(there: dict[str, Any], model: Model) -> bool:
    here = model(RED).to_json()
    return {name: there[name] for name in here} == here | {"id": there["id"]}


def written(key: str) -> Any:
    return json.loads(boto3.client("s3").get_object(Bucket="pictures", Key=f"{key}.discern.json")["Body"].read())


@pytest.mark.parametrize(
    "event",
    [
        second(),
        second(FORM, "multipart/form-data; boundary=x"),
        second(FORM, 'Multipart/Form-Data; boundary="x"'),
        second(json.dumps({"image_b64": RED_64}).encode(), "application/json"),
        second(isBase64Encoded="true"),
        second(headers=None),
        second(headers=["content-type"]),
        second(headers={"content-type": "image/png", **{f"x-{number}": "y" * 100 for number in range(2000)}}),
        first(),
        first(isBase64Encoded="false"),
        first(headers={"content-type": "image/png"}, body=RED_64, isBase64Encoded=True),
        first(multiValueHeaders={"content-type": ["application/json"]}, headers=None),
        first(multiValueHeaders="none"),
        first(body=json.dumps({"s3_uri": f"s3://pictures/{KEY}"})),
    ],
)
def test_http_requests_get_the_answer_of_python(function: RunningFunction, model: Model, event: Any) -> None:
    response = function(event)
    assert response["statusCode"] == 200, response
    assert same(json.loads(response["body"]), model)


@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        (second(body="AAA"), 400, "bad_request"),
        (second(isBase64Encoded="perhaps"), 400, "bad_request"),
        (second(isBase64Encoded=[0]), 400, "bad_request"),
        (second(body="A" * 7_000_000), 413, "too_large"),
        (second(RED + bytes(5_300_000)), 413, "too_large"),
        (second(b"text"), 415, "not_a_picture"),
        (second(RED[:50]), 422, "truncated"),
        (second(body=None), 400, "empty"),
        (second(body=["x"]), 400, "bad_request"),
        (second(body=HALF, isBase64Encoded=False), 400, "bad_request"),
        (second(content_type="multipart/form-data"), 400, "bad_request"),
        (second(content_type="z" * 500_000), 415, "unsupported"),
        (second(requestContext=None), 405, "method_not_allowed"),
        (second(requestContext={"http": {}}), 405, "method_not_allowed"),
        (first(httpMethod=5), 405, "method_not_allowed"),
        (first(path=f"/{HALF}"), 404, "not_found"),
        ({"httpMethod": "POST", "body": "x"}, 415, "not_a_picture"),
        ({"rawPath": "/predict"}, 405, "method_not_allowed"),
        (first(body=json.dumps({"s3_uri": "s3://pictures/gone.png"})), 404, "not_found"),
        (first(body=json.dumps({"s3_uri": f"s3://{HALF}/gone.png"})), 403, "forbidden"),
    ],
)
def test_bad_http_requests_get_a_response(function: RunningFunction, event: Any, status: int, code: str) -> None:
    response = function(event)
    assert (response["statusCode"], json.loads(response["body"])["error"]["code"]) == (status, code)


def test_pictures_that_arrive_are_answered_beside_them(function: RunningFunction, model: Model) -> None:
    detail = {"bucket": {"name": "pictures"}, "object": {"key": KEY}}
    for event in ({"Records": [arrived(ENCODED_KEY)]}, of_eventbridge(detail)):
        assert function(event)["answers"] == [
            {"s3_uri": f"s3://pictures/{KEY}", "answer": f"s3://pictures/{KEY}.discern.json"}
        ]
        assert same(written(KEY), model)
        boto3.client("s3").delete_object(Bucket="pictures", Key=f"{KEY}.discern.json")


def test_a_record_that_fails_does_not_keep_the_others_from_an_answer(function: RunningFunction, model: Model) -> None:
    keys = ("gone.png", "text.png", "cut.png", ENCODED_KEY)
    with pytest.raises(FunctionError) as raised:
        function({"Records": [arrived("a.png", bucket="no-such-bucket"), *map(arrived, keys)]})
    assert raised.value.kind == "NotFound"
    assert [written(key)["error"]["code"] for key in keys[:3]] == ["not_found", "not_a_picture", "truncated"]
    assert same(written(KEY), model)


def test_the_version_that_arrived_is_answered(function: RunningFunction) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    put = [s3.put_object(Bucket="versions", Key="a.png", Body=body)["VersionId"] for body in (RED, b"text")]
    for version, name in zip(put, ("label", "error"), strict=True):
        function({"Records": [arrived("a.png", "versions", versionId=version)]})
        answer = json.loads(s3.get_object(Bucket="versions", Key="a.png.discern.json")["Body"].read())
        assert (answer["version"], name in answer) == (version, True)


@pytest.mark.parametrize(
    "event",
    [
        {"Records": []},
        {"Records": [arrived("a.png", event="ObjectRemoved:Delete")]},
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "pictures"},
        of_eventbridge({}, "Object Deleted"),
    ],
)
def test_events_without_an_arrival_have_no_answers(function: RunningFunction, event: Any) -> None:
    assert function(event) == {"answers": []}


def test_answers_do_not_lead_to_further_answers(function: RunningFunction) -> None:
    list_keys = lambda: {each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket="pictures")["Contents"]}  # noqa: E731
    function({"Records": [arrived(ENCODED_KEY)]})
    before = list_keys()
    for key in before:
        if key.endswith(".json"):
            detail = {"bucket": {"name": "pictures"}, "object": {"key": key}}
            assert function(of_eventbridge(detail))["answers"][0]["answer"] is None
            assert function({"Records": [arrived(key)]})["answers"][0]["answer"] is None
    assert list_keys() == before


def test_answers_go_to_the_queue(task: Path, client: Path, variables: Mapping[str, str], model: Model) -> None:
    sqs = boto3.client("sqs")
    queue = sqs.get_queue_url(QueueName="answers")["QueueUrl"]
    own = {"DISCERN_FINGERPRINT": model.fingerprint, "DISCERN_ANSWERS": queue, "THRESHOLD": "0.999"}
    with RunningFunction(task, [client], {**variables, **own}) as function:
        done = function({"Records": [arrived(ENCODED_KEY), arrived("gone.png")]})
        assert {each["answer"] for each in done["answers"]} == {queue}
        with pytest.raises(FunctionError, match="THRESHOLD_CONFIDENCE_NOT_MET"):
            function({"step": "filter", "image_data": "", "inferences": [0.998]})
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    good, gone = sorted((json.loads(each["Body"]) for each in messages), key=lambda each: each["s3_uri"])
    assert same(good, model)
    assert gone["error"]["code"] == "not_found"


@pytest.mark.parametrize("references", [False, True])
def test_the_workflow_runs_with_pixels_and_with_references(
    function: RunningFunction, model: Model, references: bool
) -> None:
    place = {"s3_bucket": "pictures", "s3_key": KEY}
    state = function({"step": "serialize", "references": references, "image_data": "", **place})
    assert state["body"]["image_data"] == ("" if references else RED_64)
    state = function({"step": "classify", "body": json.dumps(state["body"])})
    assert state["body"]["inferences"] == list(model(RED).probabilities.values())
    assert state["body"].items() >= place.items()
    passed = function({"step": "filter", "threshold": 0.5, **state})
    assert same(passed["body"], model)
    with pytest.raises(FunctionError) as raised:
        function({"step": "filter", "threshold": 1, **state})
    assert (raised.value.kind, raised.value.message) == ("ThresholdNotMet", "THRESHOLD_CONFIDENCE_NOT_MET")


def test_answers_are_spoken(function: RunningFunction) -> None:
    answer = json.loads(function(second(queryStringParameters={"speech": "1"}))["body"])
    sound = function(second(headers={"accept": "audio/mpeg", "content-type": "image/png"}))
    assert (answer["speech"]["media_type"], sound["headers"]["Content-Type"]) == ("audio/mpeg", "audio/mpeg")
    assert sound["isBase64Encoded"]
    assert base64.b64decode(sound["body"], validate=True)
    assert answer["speech"]["mp3_base64"] == sound["body"]


STATE = {"image_data": RED_64, "s3_bucket": "pictures", "s3_key": "a.png"}
FILTER = {"step": "filter", "threshold": 0.9, "image_data": ""}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (None, "BadRequest"),
        ([], "BadRequest"),
        (json.loads("[" * 900 + "]" * 900), "BadRequest"),
        ({"image_b64": base64.b64encode(RED[:50]).decode()}, "TruncatedPicture"),
        ({"image_b64": HALF}, "BadRequest"),
        ({"s3_uri": f"s3://{HALF}/a.png"}, "BadRequest"),
        (STATE | {"s3_key": HALF}, "BadRequest"),
        (STATE | {HALF: 1}, "BadRequest"),
        (STATE | {"step": {}}, "BadRequest"),
        (STATE | {"image_data": 1}, "BadRequest"),
        (STATE | {"image_data": "", "s3_bucket": "../a b"}, "BadRequest"),
        ({"image_data": None, "s3_bucket": None, "s3_key": None}, "BadRequest"),
        (FILTER | {"inferences": [True]}, "BadRequest"),
        (FILTER | {"inferences": [10**400]}, "BadRequest"),
        (FILTER | {"inferences": [5]}, "BadRequest"),
        (FILTER | {"inferences": "[0.95, NaN]"}, "BadRequest"),
        (FILTER | {"inferences": {"a": 1}}, "BadRequest"),
        (FILTER | {"inferences": [0.95], "threshold": 10**400}, "UsageError"),
        (b'{"step": "filter", "threshold": 0.5, "image_data": "", "inferences": [0.9], "x": 1e999}', "BadRequest"),
        ({"Records": [None]}, "BadRequest"),
        ({"Records": [arrived(None)]}, "BadRequest"),
        ({"Records": [arrived("")]}, "BadRequest"),
        ({"Records": [arrived("a.png", bucket=None)]}, "BadRequest"),
        ({"Records": [arrived("a.png", bucket="../x y")]}, "BadRequest"),
        ({"Records": [arrived("a.png", event=5)]}, "BadRequest"),
        ({"Records": [arrived("a.png", versionId=5)]}, "BadRequest"),
        ({"Records": [{"eventSource": "aws:sqs"}]}, "BadRequest"),
        (of_eventbridge(None), "BadRequest"),
        ({"source": "aws.s3"}, "BadRequest"),
    ],
)
def test_hostile_events_fail_and_the_function_lives(
    function: RunningFunction, model: Model, event: Any, kind: str
) -> None:
    with pytest.raises(FunctionError) as raised:
        function(event)
    assert raised.value.kind == kind
    assert function.process.poll() is None
    assert same(function({"image_b64": RED_64}), model)


def test_neither_answers_nor_the_log_have_secrets_or_paths(function: RunningFunction, task: Path) -> None:
    events = (second(b"x"), second(isBase64Encoded=0), first(body=json.dumps({"s3_uri": "s3://pictures/gone"})))
    said = json.dumps([function(event) for event in events])
    with pytest.raises(FunctionError) as raised:
        function({"s3_uri": "s3://pictures/gone"})
    secrets = (CREDENTIALS["AWS_SECRET_ACCESS_KEY"], CREDENTIALS["AWS_ACCESS_KEY_ID"])
    for text in (said, raised.value.message):
        assert not [each for each in (*secrets, str(task), os.sep + "site-packages") if each in text]
    assert not [each for each in secrets if each in function.log]


def test_it_does_not_start_with_another_bundle(task: Path, client: Path) -> None:
    with RunningFunction(task, [client], {"DISCERN_FINGERPRINT": "f" * 64}) as other:
        with pytest.raises(FunctionError) as raised:
            other({})
        assert "is not the bundle that was deployed" in raised.value.message
