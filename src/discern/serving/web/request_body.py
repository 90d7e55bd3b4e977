"""From a request to pictures: multipart, raw bytes, or JSON."""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from discern.errors import BadRequest, RequestTooLarge, UnsupportedBody
from discern.serving.web.scope_keys import HOLD
from discern.serving.web.url_fetch import UrlFetcher

FIELDS = ("file", "files", "data")
_RAW = ("image/", "application/octet-stream", "application/x-image", "application/x-www-form-urlencoded")
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{1,200}")
_VALUES_EACH = 16
_SHAPES = (
    "Send a picture's bytes; multipart/form-data with file; or JSON "
    '{"image_b64": "..."}, {"image_url": "https://..."}, or a list of these.'
)


@dataclass(frozen=True, kw_only=True)
class ParsedRequest:
    """The pictures of one request.

    Attributes:
        pictures: the bytes of each.
        several: whether the answer is a list, as the question was.
    """

    pictures: Sequence[bytes]
    several: bool


class RequestReader:
    """Reads requests.

    Args:
        max_pictures: in one request.
        max_bytes: that the URLs of one request may give.
        seconds: in which all of them must be fetched.
        fetcher: fetches URLs; None: they are refused.
    """

    def __init__(self, *, max_pictures: int, max_bytes: int, seconds: float, fetcher: UrlFetcher | None) -> None:
        self._max_pictures = max_pictures
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._fetcher = fetcher

    async def read(self, request: Request) -> ParsedRequest:
        """Read all pictures of a request.

        Raises:
            BadRequest: there is none, or the body is not of the form that it claims.
            RequestTooLarge: there are too many.
            UnsupportedBody: it is of a kind that is not read.
        """
        said = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
        if said == "multipart/form-data":
            asked = await self._multipart(request)
        elif said == "application/json":
            asked = await self._json(request)
        elif said.startswith(_RAW):
            asked = ParsedRequest(pictures=[await request.body()], several=False)
        else:
            raise UnsupportedBody(f"A body of {said[:80]!r} is not read here.", hint=_SHAPES)
        if not asked.pictures:
            raise BadRequest("There is no picture in this request.", hint=_SHAPES)
        return asked

    async def _multipart(self, request: Request) -> ParsedRequest:
        headers = _boundary_only(request.headers["content-type"])
        parser = _InMemory(headers, request.stream(), max_files=self._max_pictures, max_fields=16)
        try:
            form = await parser.parse()
            if others := sorted(form.keys() - set(FIELDS)):
                raise BadRequest(f"The form has a field {others[0][:80]!r}.", hint=f"Use {', '.join(FIELDS)}.")
            pictures = [_content(value) for _, value in form.multi_items()]
        except MultiPartException as error:
            raise self._too_many() if "Too many files" in error.message else _unreadable() from error
        except (KeyError, ValueError) as error:
            raise _unreadable() from error
        finally:
            parser.close()
        return ParsedRequest(pictures=pictures, several=len(pictures) > 1)

    async def _json(self, request: Request) -> ParsedRequest:
        wanted, several = _requested(
            await read_json(request, most_values=_VALUES_EACH * (self._max_pictures + 1), hint=_SHAPES)
        )
        if len(wanted) > self._max_pictures:
            raise self._too_many()
        decoded = await asyncio.to_thread(_decode, wanted)
        return ParsedRequest(pictures=await self._fetch_all(decoded, request.scope[HOLD]), several=several)

    async def _fetch_all(self, decoded: Sequence[bytes | str], hold: Callable[[int], None]) -> list[bytes]:
        """Fetch what is named by URL; all of a request share its time, and count as if they had been sent."""
        if self._fetcher is None and any(isinstance(each, str) for each in decoded):
            raise BadRequest(
                "image_url is not fetched by this server.",
                hint="Send the picture itself, or start it with --allow-urls.",
            )
        pictures, fetched = [], 0
        try:
            async with asyncio.timeout(self._seconds):
                for number, each in enumerate(decoded, 1):
                    if isinstance(each, str):
                        assert self._fetcher is not None
                        with _numbered(number, decoded):
                            picture = await self._fetcher.fetch(each)
                        fetched += len(picture)
                        if fetched > self._max_bytes:
                            raise RequestTooLarge(
                                f"The URLs of one request give more than {self._max_bytes:,} bytes.",
                                hint="Send them in several requests.",
                            )
                        hold(len(picture))
                    else:
                        picture = each
                    pictures.append(picture)
        except TimeoutError as error:
            raise BadRequest(
                f"The URLs of this request were not fetched within {self._seconds:g} s.", hint="Ask for fewer at once."
            ) from error
        return pictures

    def _too_many(self) -> RequestTooLarge:
        return RequestTooLarge(
            f"More than {self._max_pictures} pictures in one request.", hint="Send them in several requests."
        )


class _InMemory(MultiPartParser):
    """Keeps files in memory, whose use is limited already, and writes no picture to a disk."""

    spool_max_size = 1 << 40

    def close(self) -> None:
        """Let go of all files, also of one that the body ends in the middle of."""
        for file in self._files_to_close_on_error:
            file.close()


def _boundary_only(content_type: str) -> Headers:
    """A form's header without what else it says: Python knows encodings that take hours for a few megabytes."""
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        raise _unreadable()
    return Headers(raw=[(b"content-type", b'multipart/form-data; boundary="%s"; charset=latin-1' % boundary)])


def _unreadable() -> BadRequest:
    return BadRequest("The multipart body cannot be read.", hint=_SHAPES)


def _content(value: UploadFile | str) -> bytes:
    return value.file.read() if isinstance(value, UploadFile) else value.encode("latin-1", "replace")


async def read_json(request: Request, *, most_values: int, hint: str) -> Any:
    """Read a JSON body that has no more values than there is reason for.

    Parsing takes many times the memory of what it reads, and lets nobody else run meanwhile; but base64 has neither
    brackets nor commas, so what a body holds is counted before.

    Raises:
        BadRequest: it is no JSON.
        RequestTooLarge: it has more values.
    """
    body = await request.body()
    if sum(body.count(mark) for mark in (b"{", b"[", b",")) > most_values:
        raise RequestTooLarge(f"The JSON has more than {most_values:,} values.", hint="Send fewer pictures at once.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is no JSON: {str(error)[:120]}.", hint=hint) from error


def _requested(said: Any) -> tuple[list[tuple[str, str]], bool]:
    """What is asked about, as (kind, value), and whether it was asked as a list."""
    if isinstance(said, list) and not any(isinstance(each, list) for each in said):
        return [pair for each in said for pair in _requested(each)[0]], True
    if not isinstance(said, dict) or len(said.keys() & {"image_b64", "image_url"}) != 1:
        raise BadRequest("The JSON names no picture.", hint=_SHAPES)
    kind = "image_b64" if "image_b64" in said else "image_url"
    values = said[kind] if isinstance(said[kind], list) else [said[kind]]
    if not all(isinstance(value, str) for value in values):
        raise BadRequest(f"{kind} must be text, or a list of texts.", hint=_SHAPES)
    return [(kind, value) for value in values], isinstance(said[kind], list)


def _decode(wanted: Sequence[tuple[str, str]]) -> list[bytes | str]:
    """The bytes of each picture, or the URL where they are."""
    decoded: list[bytes | str] = []
    for number, (kind, value) in enumerate(wanted, 1):
        with _numbered(number, wanted):
            decoded.append(_decode_base64(value) if kind == "image_b64" else value)
    return decoded


@contextmanager
def _numbered(number: int, among: Sequence[object]) -> Iterator[None]:
    """Say of several which one is wrong."""
    try:
        yield
    except (BadRequest, RequestTooLarge) as error:
        if len(among) == 1:
            raise
        raise type(error)(f"Number {number} of {len(among)}: {error.message}", hint=error.hint) from error


def _decode_base64(value: str) -> bytes:
    if value.startswith("data:"):
        value = value.partition(",")[2]
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("image_b64 is no base64.", hint="Encode the bytes of the file, all of them.") from error
