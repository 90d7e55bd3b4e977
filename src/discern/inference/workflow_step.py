"""State that a step of an AWS Step Functions workflow passes on, with one image in base64.

It is `{"image_data", "s3_bucket", "s3_key", "inferences"}`, bare, or in the `body` of `{"statusCode", "body"}`, which
may be JSON text, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from discern.errors import BadRequest
from discern.inference.json_parsing import JsonDocument, JsonLimits, parse_document

_PICTURE = "image_data"


@dataclass(frozen=True, kw_only=True, eq=False)
class WorkflowStep:
    """State of a workflow whose image is to be classified.

    Attributes:
        picture: bytes of the image.
        bucket: S3 bucket that it was read from; None if the state names none.
        key: its key in the bucket; None if the state names none.
        wrapped: True if the state came in a `body`.
    """

    picture: bytes
    bucket: str | None
    key: str | None
    wrapped: bool

    def response(self, prediction: dict[str, Any], inferences: Sequence[float | None]) -> dict[str, Any]:
        """Return the state for the next step, in the form in which it came.

        It has the fields of the prediction as well. `image_data` is empty: a state may carry 256 KB.

        Args:
            prediction: the prediction as JSON-serialisable values.
            inferences: probabilities in the order of the labels.
        """
        state = state_json(self.bucket, self.key, inferences=inferences)
        return wrap_state(prediction | state) if self.wrapped else prediction | state


@dataclass(frozen=True, kw_only=True, eq=False)
class WorkflowState:
    """State of a workflow as it was passed on, whose image may be a reference.

    Attributes:
        content: the fields of the state.
        document: the JSON document that they were read from.
        wrapped: True if the state came in a `body`.
    """

    content: dict[str, Any]
    document: JsonDocument
    wrapped: bool

    @property
    def bucket(self) -> str | None:
        """Return the S3 bucket of the image, or None if the state names none."""
        return _name(self.document, self.content, "s3_bucket", "bucket")

    @property
    def key(self) -> str | None:
        """Return the image's key in the bucket, or None if the state names none."""
        return _name(self.document, self.content, "s3_key", "key")

    @property
    def names_picture(self) -> bool:
        """Return True if the state has the field for an image, even if it is empty."""
        return _PICTURE in self.content

    def decode_picture(self) -> bytes:
        """Decode the bytes of the image.

        Raises:
            BadRequest: the state has no image, or one that is not base64.
        """
        return _decode(self.document, self.content.get(_PICTURE))


def state_json(
    bucket: str | None, key: str | None, *, picture: str = "", inferences: Sequence[float | None] = ()
) -> dict[str, Any]:
    """Build the fields that every step of a workflow passes on, with an image in base64."""
    return {_PICTURE: picture, "s3_bucket": bucket, "s3_key": key, "inferences": list(inferences)}


def wrap_state(state: dict[str, Any]) -> dict[str, Any]:
    """Put a state into the `body` of a response."""
    return {"statusCode": 200, "body": state}


def parse_step(document: JsonDocument, *, limits: JsonLimits, hint: str) -> WorkflowStep | None:
    """Parse the state of a workflow, or return None for any other document.

    Raises:
        BadRequest: the state has no image, or one that is not base64.
        RequestTooLarge: it has more values than the limits allow.
    """
    state = parse_state(document, limits=limits, hint=hint)
    if state is None or not state.names_picture:
        return None
    return WorkflowStep(picture=state.decode_picture(), bucket=state.bucket, key=state.key, wrapped=state.wrapped)


def parse_state(document: JsonDocument, *, limits: JsonLimits, hint: str) -> WorkflowState | None:
    """Parse the fields of a workflow's state, or return None if the document is not an object.

    Raises:
        BadRequest: the `body` is text, but not JSON.
        RequestTooLarge: it has more values than the limits allow.
    """
    content, wrapped = document.content, False
    if isinstance(content, dict) and isinstance(content.get("body"), dict | str) and _PICTURE not in content:
        wrapped, content = True, content["body"]
        if isinstance(content, str):
            document = parse_document(_text(document, content), limits=limits, hint=hint)
            content = document.content
    if not isinstance(content, dict):
        return None
    return WorkflowState(content=content, document=document, wrapped=wrapped)


def _text(document: JsonDocument, body: str) -> bytes:
    try:
        return document.text(body)
    except ValueError as error:
        raise BadRequest(f"body is not valid JSON text: {error}.", hint="Send the state itself.") from error


def _name(document: JsonDocument, content: dict[str, Any], *names: str) -> str | None:
    for name in names:
        document.require_short(name, content.get(name))
        if isinstance(content.get(name), str):
            return str(content[name])
    return None


def _decode(document: JsonDocument, picture: object) -> bytes:
    if not isinstance(picture, str) or not picture:
        raise BadRequest(
            f"{_PICTURE} is empty, and pictures in S3 are not read here.",
            hint=f"Put the picture's bytes into {_PICTURE} in base64, as the step before does.",
        )
    try:
        return document.decode_base64(picture)
    except ValueError as error:
        raise BadRequest(f"{_PICTURE} is not valid base64: {error}.", hint="Encode all bytes of the file.") from error
