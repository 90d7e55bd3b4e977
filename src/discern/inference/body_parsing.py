"""Functions that parse the images in HTTP request bodies, as form data, raw bytes or JSON."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from discern.errors import BadRequest, RequestTooLarge, UnsupportedBody

if TYPE_CHECKING:
    from discern.inference.json_parsing import JsonDocument
    from discern.inference.workflow_step import WorkflowStep

FIELDS = ("file", "files", "data")
_RAW = ("image/", "application/octet-stream", "application/x-image", "application/x-www-form-urlencoded")
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{1,200}")
_VALUES_PER_PICTURE = 16
_FORM_CHUNK_BYTES = 1 << 20
_MODEL_KEYS, _MODEL_HINT = {"model", "model_name"}, "Name the model in the query: ?model=NAME."
_HINT = (
    "Send a picture's bytes; multipart/form-data with file; or JSON "
    '{"image_b64": "..."}, {"image_url": "https://..."}, or a list of these.'
)


@dataclass(frozen=True, kw_only=True)
class ParsedBody:
    """Images or image URLs parsed from an HTTP request body.

    Attributes:
        pictures: each one's bytes, or the URL that they must be fetched from.
        is_list: whether the response is a list of predictions.
        step: the state of a workflow that the picture came in; None for other bodies.
    """

    pictures: Sequence[bytes | str]
    is_list: bool
    step: "WorkflowStep | None" = None


BodyParser = Callable[[bytes], ParsedBody]


def body_parser(content_type: str, *, max_pictures: int, references: Collection[str] = ("image_url",)) -> BodyParser:
    """Select the parser of an HTTP request body by its content type, before the body is read.

    Args:
        content_type: the header's value; "" where there is none, for raw bytes.
        max_pictures: pictures allowed in one request.
        references: keys of JSON bodies whose values name pictures to fetch: `image_url`, `s3_uri`.

    Returns:
        A function of the body, which raises `BadRequest` if the body has no picture or is malformed, and
        `RequestTooLarge` if it has too many pictures or JSON values.

    Raises:
        BadRequest: a multipart body has no usable boundary.
        UnsupportedBody: bodies of this content type are not supported.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return partial(_parse_multipart, _boundary(content_type), max_pictures)
    if media_type == "application/json":
        return partial(_parse_pictures_json, max_pictures, references)
    if not media_type or media_type.startswith(_RAW):
        return parse_raw
    raise UnsupportedBody(f"Unsupported content type: {media_type[:80]!r}.", hint=_HINT)


def parse_raw(body: bytes) -> ParsedBody:
    """Parse an HTTP request body of raw bytes as one image."""
    return ParsedBody(pictures=[body], is_list=False)


@contextmanager
def numbered_errors(number: int, total: int) -> Iterator[None]:
    """Add the number of the image to the message of any error raised in a context."""
    try:
        yield
    except (BadRequest, RequestTooLarge) as error:
        if total == 1:
            raise
        raise type(error)(f"Number {number} of {total}: {error.message}", hint=error.hint) from error


def _parse_pictures_json(max_pictures: int, references: Collection[str], body: bytes) -> ParsedBody:
    # Imported when JSON arrives: a function in the cloud that gets pictures starts without them.
    from discern.inference.json_parsing import JsonLimits, parse_document  # noqa: PLC0415
    from discern.inference.workflow_step import parse_step  # noqa: PLC0415

    values = _VALUES_PER_PICTURE * (max_pictures + 1)
    limits = JsonLimits(strings=values, lists=values, values=values)
    document = parse_document(body, limits=limits, hint=_HINT)
    if step := parse_step(document, limits=limits, hint=_HINT):
        return ParsedBody(pictures=[step.picture], is_list=False, step=step)
    return parse_references(document, max_pictures=max_pictures, references=references)


def parse_references(document: "JsonDocument", *, max_pictures: int, references: Collection[str]) -> ParsedBody:
    """Parse the images in a JSON document, in base64 or named by references.

    Args:
        document: the document: an object, or a list of objects.
        max_pictures: pictures allowed in it.
        references: keys whose values name pictures to fetch: `image_url`, `s3_uri`.

    Raises:
        BadRequest: it has no picture, or one that is not base64.
        RequestTooLarge: it has too many pictures, or a reference that is too long.
    """
    entries, is_list = _json_entries(document.content, {"image_b64", *references})
    if len(entries) > max_pictures:
        raise _too_many(max_pictures)
    pictures: list[bytes | str] = []
    for number, (key, value) in enumerate(entries, 1):
        with numbered_errors(number, len(entries)):
            if key != "image_b64":
                document.require_short(key, value)
            pictures.append(_decode_base64(document, value) if key == "image_b64" else value)
    return _not_empty(ParsedBody(pictures=pictures, is_list=is_list))


def _json_entries(document: Any, keys: Set[str]) -> tuple[list[tuple[str, str]], bool]:
    """Extract the images in a JSON request as key-value pairs, and whether they form a list."""
    if isinstance(document, list) and not any(isinstance(each, list) for each in document):
        return [pair for each in document for pair in _json_entries(each, keys)[0]], True
    if isinstance(document, dict) and (named := document.keys() & _MODEL_KEYS):
        raise BadRequest(f"The JSON body has {min(named)!r}, which is not read there.", hint=_MODEL_HINT)
    if not isinstance(document, dict) or len(named := document.keys() & keys) != 1:
        raise BadRequest("The JSON body names no picture.", hint=_HINT)
    [key] = named
    values = document[key] if isinstance(document[key], list) else [document[key]]
    if not all(isinstance(value, str) for value in values):
        raise BadRequest(f"{key} must be a string or a list of strings.", hint=_HINT)
    return [(key, value) for value in values], isinstance(document[key], list)


def _decode_base64(document: "JsonDocument", value: str) -> bytes:
    try:
        return document.decode_base64(value)
    except ValueError as error:
        raise BadRequest(f"image_b64 is not valid base64: {error}.", hint="Encode all bytes of the file.") from error


class _FormParts:
    """Collector of the parts of a multipart form, which is parsed in chunks.

    A large part is copied once, from the body, as its pieces would need as much memory again.
    """

    def __init__(self, body: bytes, max_parts: int) -> None:
        self.parts: list[tuple[bytes, bytes]] = []
        self.ended = False
        self._body = body
        self._max_parts = max_parts
        self._name = self._header = self._value = b""
        self._chunk, self._chunk_start = b"", 0
        self._begin: int | None = None
        self._size = 0
        self._pieces: list[bytes] = []

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in chunks, between which other threads can run."""
        for start in range(0, len(self._body), _FORM_CHUNK_BYTES):
            self._chunk, self._chunk_start = self._body[start : start + _FORM_CHUNK_BYTES], start
            yield self._chunk

    def on_part_begin(self) -> None:
        if len(self.parts) == self._max_parts:
            raise _too_many(self._max_parts)
        self._name, self._begin, self._size, self._pieces = b"", None, 0, []

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        from python_multipart.multipart import parse_options_header  # noqa: PLC0415 - see `_parse_multipart`

        if self._header.lower() == b"content-disposition":
            self._name = parse_options_header(self._value)[1].get(b"name", b"")
        self._header = self._value = b""

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._begin is None and data is self._chunk:
            self._begin = self._chunk_start + start - self._size
        elif self._begin is None:  # the start of what could have been a boundary, in an earlier chunk
            self._pieces.append(data[start:end])
        self._size += end - start

    def on_part_end(self) -> None:
        begin = self._begin
        content = b"".join(self._pieces) if begin is None else self._body[begin : begin + self._size]
        self.parts.append((self._name, content))

    def on_end(self) -> None:
        self.ended = True


def _parse_multipart(boundary: bytes, max_pictures: int, body: bytes) -> ParsedBody:
    # Imported when a form arrives, as other bodies do not need it; it has no dependencies.
    from python_multipart.multipart import MultipartParser  # noqa: PLC0415

    form = _FormParts(body, max_pictures)
    names = [name for name in dir(form) if name.startswith("on_")]
    try:
        parser = MultipartParser(boundary, {name: getattr(form, name) for name in names})  # type: ignore[arg-type]
        for chunk in form.chunks():
            parser.write(chunk)
    except ValueError as error:  # all of the parser's errors are
        raise _malformed() from error
    if not form.ended:
        raise _malformed()
    if others := sorted({name for name, _ in form.parts} - {field.encode() for field in FIELDS}):
        name = others[0].decode("latin-1")
        hint = _MODEL_HINT if name in _MODEL_KEYS else f"Use {', '.join(FIELDS)}."
        raise BadRequest(f"Unknown form field: {name[:80]!r}.", hint=hint)
    pictures = [content for _, content in form.parts]
    return _not_empty(ParsedBody(pictures=pictures, is_list=len(pictures) > 1))


def _boundary(content_type: str) -> bytes:
    from python_multipart.multipart import parse_options_header  # noqa: PLC0415 - see `_parse_multipart`

    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        raise _malformed()
    return boundary


def _not_empty(parsed: ParsedBody) -> ParsedBody:
    if not parsed.pictures:
        raise BadRequest("The request has no picture.", hint=_HINT)
    return parsed


def _malformed() -> BadRequest:
    return BadRequest("The multipart body is malformed.", hint=_HINT)


def _too_many(max_pictures: int) -> RequestTooLarge:
    return RequestTooLarge(f"More than {max_pictures} pictures in one request.", hint="Send them in several requests.")
