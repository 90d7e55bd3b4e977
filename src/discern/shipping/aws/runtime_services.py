"""AWS services that a function uses while it runs: objects, queues and speech."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from discern.buckets.account_clients import AccountClients
from discern.errors import BadRequest, DiscernError, NotFound, RequestTooLarge, Unreachable

_MISSING = ("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404", "AccessDenied", "403", "InvalidObjectState")
_CAPTURE_SECONDS = 2
_READ_SECONDS = 8  # not tuned: three attempts end before the function's time does
_RETRY = "Retry in a moment, and check the function's role."


@cache
def _client(service: str) -> Any:
    return AccountClients(read_seconds=_READ_SECONDS)[service]


@cache
def open_capture_client() -> Any:
    """Return the client that writes captured exchanges: it gives up within about two seconds, as an answer waits.

    Raises:
        UsageError: there are no credentials.
    """
    return AccountClients(read_seconds=_CAPTURE_SECONDS, connect_seconds=1, attempts=1)["s3"]


def put_records(bucket: str, key: str, records: bytes) -> None:
    """Write captured exchanges to S3, by one attempt.

    Raises:
        NotFound: there is no such bucket, or the function's role may not write to it.
        Unreachable: S3 does not respond in time.
        UsageError: there are no credentials.
    """
    with _translated(f"s3://{bucket}/{key}"):
        open_capture_client().put_object(Bucket=bucket, Key=key, Body=records, ContentType="application/octet-stream")


def get_object(bucket: str, key: str, *, max_bytes: int, version: str | None = None) -> bytes:
    """Read an object from S3.

    Args:
        bucket: name of the bucket.
        key: key of the object.
        max_bytes: size of the object, at most.
        version: its version; None for the latest.

    Raises:
        NotFound: there is no such object, or the function's role may not read it.
        RequestTooLarge: it is too large.
        Unreachable: S3 does not respond.
    """
    address = f"s3://{bucket}/{key}"
    more = {} if version is None else {"VersionId": version}
    with _translated(address):
        response = _client("s3").get_object(Bucket=bucket, Key=key, **more)
        body = response["Body"]
        data = b"" if response["ContentLength"] > max_bytes else bytes(body.read())
        body.close()
    if response["ContentLength"] > max_bytes:
        message = f"{address} has {response['ContentLength']:,} bytes; at most {max_bytes:,} are allowed."
        raise RequestTooLarge(message, hint="Use a smaller picture.")
    return data


def copy_object(bucket: str, key: str, *, to: str) -> None:
    """Copy an object in S3 to another key in its bucket.

    Raises:
        NotFound: there is no such object, or the function's role may not read or write it.
        Unreachable: S3 does not respond.
    """
    with _translated(f"s3://{bucket}/{key}"):
        _client("s3").copy_object(Bucket=bucket, Key=to, CopySource={"Bucket": bucket, "Key": key})


def put_json(bucket: str, key: str, value: Any) -> None:
    """Write a JSON object to S3.

    Raises:
        NotFound: there is no such bucket, or the function's role may not write to it.
        Unreachable: S3 does not respond.
    """
    with _translated(f"s3://{bucket}/{key}"):
        _client("s3").put_object(Bucket=bucket, Key=key, Body=_encode(value), ContentType="application/json")


def send_json(queue_url: str, value: Any) -> None:
    """Send a JSON object to a queue of SQS.

    Raises:
        NotFound: there is no such queue, or the function's role may not write to it.
        Unreachable: SQS does not respond.
    """
    with _translated(queue_url):
        _client("sqs").send_message(QueueUrl=queue_url, MessageBody=_encode(value).decode())


def speak(text: str, *, voice: str) -> bytes:
    """Return a text as speech in MP3, spoken by Amazon Polly.

    Raises:
        NotFound: the function's role may not use Polly.
        Unreachable: Polly does not respond.
    """
    with _translated("Amazon Polly"):
        response = _client("polly").synthesize_speech(Text=text, OutputFormat="mp3", VoiceId=voice)
        return bytes(response["AudioStream"].read())


def _encode(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False).encode()


@contextmanager
def _translated(address: str) -> Iterator[None]:
    """Translate the errors of boto3 within a context."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError  # noqa: PLC0415

    try:
        yield
    except ParamValidationError as error:
        raise BadRequest(f"{address} is not a name that AWS allows.", hint="Check the bucket and the key.") from error
    except ClientError as error:
        raise _client_error(address, error.response.get("Error", {})) from error
    except (BotoCoreError, OSError) as error:
        raise Unreachable(f"{address} cannot be reached: {type(error).__name__}.", hint=_RETRY) from error


def _client_error(address: str, error: dict[str, Any]) -> DiscernError:
    code = str(error.get("Code", ""))
    if code in _MISSING or code.endswith((".NonExistentQueue", "AccessDeniedException")):
        return NotFound(
            f"{address} does not exist, or the function's role has no access ({code}).",
            hint="Check the name and the role.",
        )
    return Unreachable(f"{address} responds with the error {code}.", hint=_RETRY)
