"""Answers to events of S3: each picture that arrives in a bucket is classified."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from discern.errors import BadRequest, NotFound, PictureError, RequestError, RequestTooLarge
from discern.inference.answer_json import result_or_error_json
from discern.inference.error_status import error_json
from discern.shipping.aws.runtime_services import get_object, put_json, send_json
from discern.shipping.lambda_function.deployed_model import LIMITS
from discern.shipping.lambda_function.function_settings import SUFFIX, FunctionSettings
from discern.shipping.lambda_function.picture_classifier import PictureClassifier


@dataclass(frozen=True, kw_only=True)
class ArrivedObject:
    """Object that arrived in a bucket.

    Attributes:
        bucket: name of the bucket.
        key: key of the object.
        version: its version; None if the bucket has none.
    """

    bucket: str
    key: str
    version: str | None


def parse_bucket_event(event: Mapping[str, Any]) -> list[ArrivedObject] | None:
    """Parse the objects in an event of S3, sent by itself or by EventBridge, or return None for any other event.

    Removed objects are left out, and the event with which S3 tests a new notification has none.

    Raises:
        BadRequest: the event has records of another service, or names no object.
    """
    try:
        if event.get("source") == "aws.s3":
            return _from_event_bridge(event)
        if event.get("Event") == "s3:TestEvent":
            return []
        records = event.get("Records")
        if not isinstance(records, Sequence) or isinstance(records, str):
            return None
        others = {str(record.get("eventSource", record.get("EventSource"))) for record in records} - {"aws:s3"}
        if others:
            hint = "Send the events of the bucket to the function itself."
            raise BadRequest(f"Records of {min(others)[:80]} are not supported.", hint=hint)
        return [_from_record(record) for record in records if "ObjectCreated" in _text(record["eventName"])]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadRequest("The event of S3 names no object.", hint="Send it as S3 does.") from error


def answer_bucket_event(
    objects: Sequence[ArrivedObject], classifier: PictureClassifier, settings: FunctionSettings
) -> dict[str, Any]:
    """Classify the objects of an event and write or send the answers, also after one of them that cannot be.

    Returns:
        `answers`: for each object its `s3_uri`, and `answer`, where its answer is; `null` for a folder or an answer of
        this function.

    Raises:
        NotFound: the place of an answer does not exist, or the function's role may not write to it.
        Unreachable: S3 or the queue does not respond; Lambda retries the event.
    """
    answers, failures = [], []
    for each in objects:
        try:
            answers.append(_answer(each, classifier, settings))
        except RequestError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return {"answers": answers}


def _from_record(record: Mapping[str, Any]) -> ArrivedObject:
    bucket, found = record["s3"]["bucket"], record["s3"]["object"]
    return _arrived(bucket["name"], unquote_plus(_text(found["key"])), found.get("versionId"))


def _from_event_bridge(event: Mapping[str, Any]) -> list[ArrivedObject]:
    if event["detail-type"] != "Object Created":
        return []
    bucket, found = event["detail"]["bucket"], event["detail"]["object"]
    return [_arrived(bucket["name"], found["key"], found.get("version-id"))]


def _arrived(bucket: object, key: object, version: object) -> ArrivedObject:
    return ArrivedObject(bucket=_text(bucket), key=_text(key), version=_text(version) if version else None)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a name")
    return value


def _answer(arrived: ArrivedObject, classifier: PictureClassifier, settings: FunctionSettings) -> dict[str, Any]:
    uri = f"s3://{arrived.bucket}/{arrived.key}"
    # Answers and folders arrive as objects, too: classifying them would answer answers without end.
    if arrived.key.endswith((SUFFIX, "/")):
        return {"s3_uri": uri, "answer": None}
    answer = {"s3_uri": uri, "version": arrived.version, **_classify(arrived, classifier)}
    return {"s3_uri": uri, "answer": _deliver(answer, arrived, settings.answers)}


def _classify(arrived: ArrivedObject, classifier: PictureClassifier) -> dict[str, Any]:
    try:
        content = get_object(arrived.bucket, arrived.key, max_bytes=LIMITS.max_bytes, version=arrived.version)
        [result] = classifier.classify([content])
    except (NotFound, RequestTooLarge, PictureError) as error:  # a retry would not help
        return error_json(error)
    return result_or_error_json(result)


def _deliver(answer: Mapping[str, Any], arrived: ArrivedObject, place: str) -> str:
    """Write or send an answer and return its place."""
    if place.startswith(("http://", "https://")):
        send_json(place, answer)
        return place
    bucket, _, prefix = place.removeprefix("s3://").partition("/") if place else (arrived.bucket, "", "")
    key = f"{prefix.rstrip('/')}/{arrived.key}{SUFFIX}" if prefix else f"{arrived.key}{SUFFIX}"
    put_json(bucket, key, answer)
    return f"s3://{bucket}/{key}"
