"""Functions that read images from request bodies and URLs."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request

from discern.errors import BadRequest, RequestTooLarge
from discern.inference.body_parsing import body_parser, numbered_errors, parse_raw
from discern.inference.workflow_step import WorkflowStep
from discern.serving.web.access_control import client_address
from discern.serving.web.client_slots import ClientSlots
from discern.serving.web.scope_keys import COUNT_PICTURES, HOLD_BYTES
from discern.serving.web.url_fetch import UrlFetcher

# Larger bodies are parsed outside the event loop: a megabyte of base64 takes 4 ms of one core, a form 0.5 ms.
_INLINE_BYTES = 1 << 18
_MAX_PARSERS = 2  # not tuned: more at once would wait for the same interpreter, and the event loop with them
_MAX_FETCHES, _MAX_FETCHES_PER_CLIENT, _MAX_FETCH_WAIT = 32, 8, 10.0  # not tuned

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, kw_only=True)
class ParsedRequest:
    """Images that were read from one HTTP request.

    Attributes:
        pictures: the bytes of each.
        is_list: whether the response is a list of predictions.
        step: the state of a workflow that the picture came in; None for other requests.
    """

    pictures: Sequence[bytes]
    is_list: bool
    step: WorkflowStep | None = None


class RequestReader:
    """Reader that extracts images from HTTP requests.

    Args:
        max_pictures: pictures per request, at most.
        max_fetched_bytes: bytes fetched for the URLs of one request, at most.
        fetch_timeout: seconds within which all URLs of a request must be fetched.
        fetcher: fetches URLs; None to reject them.
    """

    def __init__(
        self, *, max_pictures: int, max_fetched_bytes: int, fetch_timeout: float, fetcher: UrlFetcher | None
    ) -> None:
        self._max_pictures = max_pictures
        self._max_fetched_bytes = max_fetched_bytes
        self._fetch_timeout = fetch_timeout
        self._fetcher = fetcher
        self._parsers = asyncio.Semaphore(_MAX_PARSERS)
        self._fetching = ClientSlots(_MAX_FETCHES, per_client=_MAX_FETCHES_PER_CLIENT, timeout=_MAX_FETCH_WAIT)

    async def read(self, request: Request) -> ParsedRequest:
        """Read the images in a request body and download those given by URL.

        Raises:
            BadRequest: the body has no picture, is malformed, or names a URL that cannot be fetched.
            RequestTooLarge: the body has too many pictures or JSON values, or its URLs too many bytes.
            UnsupportedBody: its content type is not supported.
        """
        parse = body_parser(request.headers.get("content-type", ""), max_pictures=self._max_pictures)
        parsed = await self.parse(request, parse)
        await count_pictures(request, len(parsed.pictures))
        pictures = await self._fetch_all(parsed.pictures, request)
        return ParsedRequest(pictures=pictures, is_list=parsed.is_list, step=parsed.step)

    async def parse(
        self, request: Request, parse: Callable[[bytes], Parsed], *, inline_bytes: int = _INLINE_BYTES
    ) -> Parsed:
        """Read and parse a request body, outside the event loop if it is large."""
        body = await _read_body(request)
        if len(body) <= inline_bytes or parse is parse_raw:
            return parse(body)
        async with self._parsers:
            return await asyncio.to_thread(parse, body)

    async def _fetch_all(self, pictures: Sequence[bytes | str], request: Request) -> list[bytes]:
        """Replace image URLs by the downloaded images within a common time and size limit."""
        contents = [each for each in pictures if isinstance(each, bytes)]
        if len(contents) == len(pictures):
            return contents
        if self._fetcher is None:
            raise BadRequest(
                "This server does not fetch image_url.",
                hint="Send the picture itself, or start the server with --allow-urls.",
            )
        try:
            async with asyncio.timeout(self._fetch_timeout):
                return await self._fetch_in_turn(self._fetcher, pictures, request)
        except TimeoutError as error:
            raise BadRequest(
                f"The URLs of this request were not fetched within {self._fetch_timeout:g} s.",
                hint="Send fewer URLs at once.",
            ) from error

    async def _fetch_in_turn(
        self, fetcher: UrlFetcher, pictures: Sequence[bytes | str], request: Request
    ) -> list[bytes]:
        contents, fetched = [], 0
        for number, each in enumerate(pictures, 1):
            if isinstance(each, str):
                async with self._fetching.take(client_address(request.scope)):
                    with numbered_errors(number, len(pictures)):
                        content = await fetcher.fetch(each)
                fetched += len(content)
                if fetched > self._max_fetched_bytes:
                    raise RequestTooLarge(
                        f"The URLs of one request return more than {self._max_fetched_bytes:,} bytes.",
                        hint="Send them in several requests.",
                    )
                request.scope[HOLD_BYTES](len(content))
            else:
                content = each
            contents.append(content)
        return contents


async def _read_body(request: Request) -> bytes:
    """Read the body of an HTTP request without keeping a copy in the request."""
    chunks = [chunk async for chunk in request.stream()]
    return b"".join(chunks)


async def count_pictures(request: Request, pictures: int) -> None:
    """Check the number of pictures in an HTTP request against the client's rate limit."""
    await request.scope[COUNT_PICTURES](pictures)
