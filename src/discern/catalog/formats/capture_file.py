"""Pictures in the data capture of SageMaker endpoints: JSON lines with the requests and responses.

The pictures get paths such as `capture.jsonl!/0f6b9a1c.jpg`, from the identifier of their event.
"""

import base64
import io
import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from discern.catalog.formats.source import Item, item_from_bytes, unreadable_item
from discern.catalog.path_text import MEMBER
from discern.errors import DamagedPicture, NotAPicture, PictureError, PictureTooLarge
from discern.picture import FORMATS, Limits
from discern.picture.file_format import identify_format

MAX_BYTES = 512 * 2**20
"""Largest file of records; not tuned: an hour of traffic of a busy endpoint."""

_SUFFIX = ".jsonl"
_KEY = re.compile(rb'"captureData"\s*:')
_START = 1 << 16
# Base64 takes a third more than the picture, and a request in JSON may carry it twice encoded.
_EXPANSION = 2
_RECORD_BYTES = 1 << 20
_PICTURE_KEYS = ("image_b64", "image_data")
_MEMBER_PATH = re.compile(r".*\.jsonl!/[^/]+", re.IGNORECASE | re.DOTALL)
_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)
_LONGEST_NAME = 100
_BLANKS = re.compile(r"\s+")
_DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_REMEDY = "Capture it again, or remove its line."
_NO_PICTURE = "Records of other requests can stay; they are not used."


class CapturedPicture(NamedTuple):
    """Picture in a captured request.

    Attributes:
        path: path in the catalog.
        data: its bytes.
        record: the parsed line; None if it cannot be used.
        error: reason why there is no picture.
    """

    path: str
    data: bytes
    record: dict[str, Any] | None
    error: PictureError | None


class _Record(NamedTuple):
    """Line of a file of captured requests, under a name of its own from the identifier of its event."""

    name: str
    content: dict[str, Any] | None = None
    error: PictureError | None = None


def names_capture(path: str) -> bool:
    """Return True if a path has the suffix of captured requests."""
    return path.lower().endswith(_SUFFIX)


def begins_capture(start: bytes) -> bool:
    """Return True if the first bytes of a file are those of captured requests."""
    return start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" and _KEY.search(start, 0, _START) is not None


def is_capture(path: Path) -> bool:
    """Return True if a file's name and first bytes are those of captured requests."""
    try:
        if not names_capture(path.name) or not path.is_file():
            return False
        with path.open("rb") as file:
            return begins_capture(file.read(_START))
    except OSError:
        return False


def is_captured(path: str) -> bool:
    """Return True if a catalog path is that of a captured request."""
    return _MEMBER_PATH.fullmatch(path) is not None


def read_capture(
    path: str, data: bytes, *, archive: str, limits: Limits, only: Collection[str] | None = None
) -> Iterator[Item]:
    """Yield the pictures of captured requests; a record without a picture becomes an item that raises the reason.

    Args:
        path: the file's path in the catalog.
        data: its bytes.
        archive: path of the archive that contains the file, or `path` itself.
        limits: `max_bytes` is the largest picture that is read.
        only: catalog paths of the pictures to yield; None for all.
    """
    for picture in read_captured_pictures(path, data, limits=limits):
        if only is not None and picture.path not in only:
            continue
        if picture.error is None:
            yield item_from_bytes(picture.path, picture.data, archive=archive)
        else:
            yield unreadable_item(picture.path, picture.error, archive=archive)


def read_captured_pictures(path: str, data: bytes, *, limits: Limits) -> Iterator[CapturedPicture]:
    """Yield the pictures of captured requests with their records, and records without a picture with an error."""
    for record in _read_records(data, limits=limits):
        for number, (picture, error) in enumerate(_pictures(record, limits), 1):
            name = f"{record.name}{'' if number == 1 else f'-{number}'}{_suffix(picture)}"
            yield CapturedPicture(path=f"{path}{MEMBER}{name}", data=picture, record=record.content, error=error)


def _read_records(data: bytes, *, limits: Limits) -> Iterator[_Record]:
    """Yield the records of captured requests, each under a name of its own."""
    names: dict[str, int] = {}
    most = _EXPANSION * limits.max_bytes + _RECORD_BYTES
    for number, line in enumerate(io.BytesIO(data.removeprefix(b"\xef\xbb\xbf")), 1):
        if line.strip():
            record = _parse(line, number, most)
            count = names[record.name] = names.get(record.name, 0) + 1
            # A line's number keeps two records of one event apart, whatever is added after them.
            yield record if count == 1 else record._replace(name=f"{record.name}-line-{number}")


def event_of(content: Any) -> str:
    """Return the identifier of the event of a record, or ""."""
    metadata = content.get("eventMetadata") if isinstance(content, dict) else None
    event = metadata.get("eventId") if isinstance(metadata, dict) else None
    return event if isinstance(event, str) else ""


def _parse(line: bytes, number: int, most: int) -> _Record:
    name = f"line-{number}"
    if len(line) > most:
        return _Record(name, error=PictureTooLarge(f"Line {number} has {len(line):,} bytes.", hint=_REMEDY))
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        return _Record(name, error=DamagedPicture(f"Line {number} is not valid JSON: {error}.", hint=_REMEDY))
    if not isinstance(content, dict) or not isinstance(content.get("captureData"), dict):
        return _Record(name, error=NotAPicture(f"Line {number} is not a captured request.", hint=_NO_PICTURE))
    safe = _UNSAFE.sub("-", event_of(content))[:_LONGEST_NAME].strip(".-")
    return _Record(safe or name, content=content)


def _pictures(record: _Record, limits: Limits) -> Iterator[tuple[bytes, PictureError | None]]:
    """Yield the bytes of each picture in a record, or an error."""
    if record.error is not None or record.content is None:
        yield b"", record.error
        return
    sent = record.content["captureData"].get("endpointInput")
    try:
        found = _decode(sent if isinstance(sent, dict) else {})
    except (ValueError, RecursionError) as error:
        yield b"", DamagedPicture(f"The captured request is not valid: {error}.", hint=_REMEDY)
        return
    if not found:
        kind = sent.get("observedContentType") if isinstance(sent, dict) else None
        what = f"it is {str(kind)[:80]}" if kind else "it has no data"
        yield b"", NotAPicture(f"The captured request has no picture: {what}.", hint=_NO_PICTURE)
    for picture in found:
        too_large = PictureTooLarge(f"It has {len(picture):,} bytes.", hint=limits.byte_remedy)
        yield picture, too_large if len(picture) > limits.max_bytes else None


def _decode(sent: dict[str, Any]) -> list[bytes]:
    """Return the pictures in a captured request."""
    data, encoding = sent.get("data"), str(sent.get("encoding", "")).upper()
    is_json = "json" in str(sent.get("observedContentType", "")).lower()
    if not isinstance(data, str) or not data or encoding == "CSV":
        return []
    if encoding == "BASE64":
        body = _from_base64(data)
        return _in_json(json.loads(body)) if is_json else [body]
    return _in_json(json.loads(data)) if encoding == "JSON" or is_json else []


def _in_json(content: Any) -> list[bytes]:
    """Return the pictures in a request in JSON, in the forms that a Discern server takes."""
    if isinstance(content, list):
        return [picture for each in content for picture in _in_json(each)]
    if not isinstance(content, dict):
        return []
    if (body := content.get("body")) and not any(key in content for key in _PICTURE_KEYS):
        return _in_json(json.loads(body) if isinstance(body, str) else body)
    found = next((content[key] for key in _PICTURE_KEYS if content.get(key)), None)
    texts = found if isinstance(found, list) else [found]
    return [_from_base64(text) for text in texts if isinstance(text, str)]


def _from_base64(text: str) -> bytes:
    letters = _DATA_URL.sub("", _BLANKS.sub("", text), count=1).translate(str.maketrans("-_", "+/")).rstrip("=")
    return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)


def _suffix(picture: bytes) -> str:
    try:
        return FORMATS[identify_format(picture[:64], Limits())][0]
    except PictureError:
        return ""
