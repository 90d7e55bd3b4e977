"""Answers to events of S3: each picture that arrives in a bucket is classified."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from discern.errors import BadRequest, NotFound, PictureError, RequestTooLarge
from discern.inference.answer_json import result_or_error_json
from discern.inference.error_status import error_json
from discern.shipping.aws.runtime_services import get_object, put_json, send_json
from discern.shipping.lambda_function.function_settings import SUFFIX, FunctionSettings
from discern.shipping.lambda_function.picture_classifier import LIMITS, PictureClassifier


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

    Removed objects are left out.

    Raises:
        BadRequest: the event has records of another service, or names no object.
    """
    try:
        if event.get("source") == "aws.s3":
            return _from_event_bridge(event)
        records = event.get("Records")
        if not isinstance(records, Sequence) or isinstance(records, str):
            return None
        others = {str(record.get("eventSource", record.get("EventSource"))) for record in records} - {"aws:s3"}
        if others:
            hint = "Send the events of the bucket to the function itself."
            raise BadRequest(f"Records of {min(others)[:80]} are not supported.", hint=hint)
        return [_from_record(record) for record in records if "ObjectCreated" in str(record["eventName"])]
    except (KeyError, TypeError, AttributeError) as error:
        raise BadRequest("The event of S3 names no object.", hint="Send it as S3 does.") from error


def answer_bucket_event(
    objects: Sequence[ArrivedObject], classifier: PictureClassifier, settings: FunctionSettings
) -> dict[str, Any]:
    """Classify the objects of an event and write or send the answers.

    Returns:
        `answers`: for each object its `s3_uri`, and `answer`, where its answer is; `null` if it is no picture of a
        user, such as an answer of this function.

    Raises:
        Unreachable: S3 or the queue does not respond; Lambda retries the event.
    """
    return {"answers": [_answer(each, classifier, settings) for each in objects]}


def _from_record(record: Mapping[str, Any]) -> ArrivedObject:
    found = record["s3"]
    version = found["object"].get("versionId")
    return ArrivedObject(
        bucket=str(found["bucket"]["name"]), key=unquote_plus(str(found["object"]["key"])), version=version
    )


def _from_event_bridge(event: Mapping[str, Any]) -> list[ArrivedObject]:
    if event["detail-type"] != "Object Created":
        return []
    detail = event["detail"]
    version = detail["object"].get("version-id")
    return [ArrivedObject(bucket=str(detail["bucket"]["name"]), key=str(detail["object"]["key"]), version=version)]


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
