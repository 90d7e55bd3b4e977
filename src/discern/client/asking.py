"""The two clients: one waits for each answer, the other leaves its thread free meanwhile."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

from discern.bundle import Picture, Prediction
from discern.client.address import Address, read_address
from discern.client.questions import CONNECTING_SECONDS, Exchange, as_bytes, headers, load_httpx
from discern.client.reading import read_object, read_prediction
from discern.errors import PictureError, UsageError

if TYPE_CHECKING:
    import httpx2

_AHEAD = 2


class Client:
    """A model on a Discern server, asked as if it were here.

    What is refused for the moment (statuses 429, 502, 503, 504) or cannot be reached is asked again, ever later and not
    before the server allows; other refusals are raised as the errors that a bundle here would raise.

    >>> client = Client("http://127.0.0.1:8000")  # doctest: +SKIP
    >>> client("new.jpg").message  # doctest: +SKIP
    'This looks like "3" (98 %), but please have a look.'

    Args:
        url: the server's address; `?model=NAME` at its end names the model.
        key: as `key` made it; None: the server asks for none.
        model: the model's name; None: the server's first.
        timeout: seconds in which one answer must be there, retries included.
        at_once: how many questions `predict` keeps under way.

    Raises:
        UsageError: no address, no key, or httpx2 is not installed.
    """

    def __init__(
        self, url: str, key: str | None = None, *, model: str | None = None, timeout: float = 60.0, at_once: int = 8
    ) -> None:
        self._httpx, self._address = _prepared(url, model, timeout, at_once)
        self._timeout, self._at_once = timeout, at_once
        limits = self._httpx.Limits(max_connections=at_once)
        self._http: httpx2.Client = self._httpx.Client(headers=headers(key), limits=limits)

    @property
    def url(self) -> str:
        """The server's address, without `/predict`."""
        return self._address.base

    def __call__(self, picture: Picture) -> Prediction:
        """Answer one picture: a path, the bytes of a file, or upright RGB pixels uint8 `[H, W, 3]`.

        Raises:
            PictureError: it cannot be used as a picture.
            RequestError: the server refuses, or cannot be reached.
        """
        return read_prediction(self._send("POST", self._address.predict, as_bytes(picture)), self.url)

    def predict(self, pictures: Iterable[Picture]) -> Iterator[Prediction | PictureError]:
        """Answer many pictures in order; a bad one gives its error in its place, and the rest goes on.

        Raises:
            RequestError: the server refuses, or cannot be reached.
        """
        under_way: deque[Future[Prediction | PictureError]] = deque()
        with ThreadPoolExecutor(self._at_once, "discern-client") as pool:
            try:
                for picture in pictures:
                    under_way.append(pool.submit(self._try, picture))
                    if len(under_way) >= _AHEAD * self._at_once:
                        yield under_way.popleft().result()
                while under_way:
                    yield under_way.popleft().result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def about(self) -> dict[str, Any]:
        """What is known of the model: labels, thresholds, figures, its card.

        Raises:
            RequestError: the server refuses, or cannot be reached.
        """
        return read_object(self._send("GET", self._address.describe), self.url)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _try(self, picture: Picture) -> Prediction | PictureError:
        try:
            return self(picture)
        except PictureError as error:
            return error

    def _send(self, method: str, url: str, content: bytes | None = None) -> bytes:
        exchange = Exchange(self._address, self._timeout)
        while True:
            try:
                response = self._http.request(
                    method, url, params=self._address.query, content=content, timeout=_timeout(exchange, self._httpx)
                )
            except self._httpx.RequestError as failure:
                wait: float | None = exchange.after_failure(failure)
            else:
                wait = exchange.after_answer(response)
                if wait is None:
                    return response.content
            time.sleep(wait or 0)


class AsyncClient:
    """As `Client`, for programs that wait for many things at once: `await client("new.jpg")`.

    Args:
        url: the server's address; `?model=NAME` at its end names the model.
        key: as `key` made it; None: the server asks for none.
        model: the model's name; None: the server's first.
        timeout: seconds in which one answer must be there, retries included.
        at_once: how many questions `predict` keeps under way.

    Raises:
        UsageError: no address, no key, or httpx2 is not installed.
    """

    def __init__(
        self, url: str, key: str | None = None, *, model: str | None = None, timeout: float = 60.0, at_once: int = 8
    ) -> None:
        self._httpx, self._address = _prepared(url, model, timeout, at_once)
        self._timeout, self._at_once = timeout, at_once
        limits = self._httpx.Limits(max_connections=None)
        self._http: httpx2.AsyncClient = self._httpx.AsyncClient(headers=headers(key), limits=limits)

    @property
    def url(self) -> str:
        """The server's address, without `/predict`."""
        return self._address.base

    async def __call__(self, picture: Picture) -> Prediction:
        """Answer one picture: a path, the bytes of a file, or upright RGB pixels uint8 `[H, W, 3]`.

        Raises:
            PictureError: it cannot be used as a picture.
            RequestError: the server refuses, or cannot be reached.
        """
        content = await asyncio.to_thread(as_bytes, picture)
        return read_prediction(await self._send("POST", self._address.predict, content), self.url)

    async def predict(self, pictures: Iterable[Picture]) -> AsyncIterator[Prediction | PictureError]:
        """Answer many pictures in order; a bad one gives its error in its place, and the rest goes on.

        Raises:
            RequestError: the server refuses, or cannot be reached.
        """
        under_way: deque[asyncio.Task[Prediction | PictureError]] = deque()
        try:
            for picture in pictures:
                under_way.append(asyncio.create_task(self._try(picture)))
                if len(under_way) >= self._at_once:
                    yield await under_way.popleft()
            while under_way:
                yield await under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def about(self) -> dict[str, Any]:
        """What is known of the model: labels, thresholds, figures, its card.

        Raises:
            RequestError: the server refuses, or cannot be reached.
        """
        return read_object(await self._send("GET", self._address.describe), self.url)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _try(self, picture: Picture) -> Prediction | PictureError:
        try:
            return await self(picture)
        except PictureError as error:
            return error

    async def _send(self, method: str, url: str, content: bytes | None = None) -> bytes:
        exchange = Exchange(self._address, self._timeout)
        while True:
            try:
                response = await self._http.request(
                    method, url, params=self._address.query, content=content, timeout=_timeout(exchange, self._httpx)
                )
            except self._httpx.RequestError as failure:
                wait: float | None = exchange.after_failure(failure)
            else:
                wait = exchange.after_answer(response)
                if wait is None:
                    return response.content
            await asyncio.sleep(wait or 0)


def _prepared(url: str, model: str | None, timeout: float, at_once: int) -> tuple[ModuleType, Address]:
    if timeout <= 0 or at_once < 1:
        raise UsageError("A client needs some time, and at least one question at once.", hint="Change them.")
    httpx, address = load_httpx(), read_address(url, model)
    try:
        httpx.URL(address.predict)
    except httpx.InvalidURL as error:
        raise UsageError(
            f"{url!r} is no address of a server: {error}.", hint="Write it like http://127.0.0.1:8000."
        ) from error
    return httpx, address


def _timeout(exchange: Exchange, httpx: ModuleType) -> Any:
    return httpx.Timeout(exchange.left, connect=min(exchange.left, CONNECTING_SECONDS))
