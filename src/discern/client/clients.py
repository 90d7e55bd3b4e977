"""Synchronous and asynchronous clients that classify images on a Discern server."""

import asyncio
import os
import weakref
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from functools import partial
from typing import Any, Self, TypeVar

from discern.bundle import Picture, Prediction
from discern.bundle.picture_input import each_picture
from discern.client.background import in_background
from discern.client.transport import Transport
from discern.errors import PictureError
from discern.parallel import results_in_order

_AHEAD = 2
_T = TypeVar("_T")


class _Connections:
    """Connections to one server, opened in each process on first use.

    A forked process cannot share its parent's connections, and a pickled client opens its own.
    """

    def __init__(
        self, url: str, key: str | None = None, *, model: str | None = None, timeout: float = 60.0, at_once: int = 8
    ) -> None:
        self._new_transport = partial(Transport, url, key, model=model, timeout=timeout, at_once=at_once)
        self._transports = {os.getpid(): self._new_transport()}

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self._new_transport.keywords), self._new_transport.args

    @property
    def _transport(self) -> Transport:
        process = os.getpid()
        return self._transports.get(process) or self._transports.setdefault(process, self._new_transport())


class Client(_Connections):
    """Synchronous client that classifies images on a Discern server.

    It is used like a local model. Rate limits, overload (statuses 429, 502, 503, 504) and failed connections are
    retried with exponential backoff, and not before the server allows; other errors are raised as those that a local
    bundle would raise. A client may be shared by threads, and used in forked processes. It is pickled with its key, but
    without its connections.

    >>> client = Client("http://127.0.0.1:8000")  # doctest: +SKIP
    >>> client("new.jpg").message  # doctest: +SKIP
    'This looks like "3" (98 %), but please have a look.'

    Args:
        url: the server's address; `?model=NAME` at its end selects the model.
        key: API key, as `discern key` prints it; None without.
        model: name of the model; None for the server's default.
        timeout: seconds within which a response must arrive, retries included.
        at_once: maximum number of concurrent requests of `predict`.

    Raises:
        UsageError: the address or the key is invalid, or httpx2 is not installed.
    """

    def __init__(
        self, url: str, key: str | None = None, *, model: str | None = None, timeout: float = 60.0, at_once: int = 8
    ) -> None:
        super().__init__(url, key, model=model, timeout=timeout, at_once=at_once)
        weakref.finalize(self, _close_abandoned, self._transports).atexit = False

    @property
    def url(self) -> str:
        """Return the server address without the endpoint path and the credentials."""
        return self._transport.address.base

    @property
    def model(self) -> str | None:
        """Return the model name, or None for the server's default model."""
        return self._transport.address.model

    def __call__(self, picture: Picture) -> Prediction:
        """Classify one image on the server and return its prediction.

        Args:
            picture: path, content of a file, file that is open in binary mode, upright RGB pixels uint8 `[H, W, 3]`, or
                Pillow image, as for `Model`.

        Raises:
            PictureError: the picture cannot be used.
            RequestError: the server rejects the request or cannot be reached.
            UsageError: it has another type, or is a URL.
        """
        return _wait(self._transport.predict(picture))

    def predict(self, pictures: Iterable[Picture] | Picture) -> Iterator[Prediction | PictureError]:
        """Classify images concurrently and yield predictions or image errors in order.

        One picture, such as a path, is a list of one.

        Raises:
            RequestError: the server rejects the request or cannot be reached.
            UsageError: an item is not a picture, or is a URL.
        """
        semaphore = asyncio.Semaphore(self._transport.at_once)
        pending = (in_background(self._transport.try_predict(picture, semaphore)) for picture in each_picture(pictures))
        yield from results_in_order(pending, window=_AHEAD * self._transport.at_once)

    def about(self) -> dict[str, Any]:
        """Fetch the model's class labels, decision thresholds, metrics and model card from the server.

        Raises:
            RequestError: the server rejects the request or cannot be reached.
        """
        return _wait(self._transport.describe())

    def close(self) -> None:
        """Close all connections to the server."""
        _wait(self._transport.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_Connections):
    """Asynchronous client that classifies images on a Discern server.

    It is used like `Client`, with `await client("new.jpg")`.

    Args:
        url: the server's address; `?model=NAME` at its end selects the model.
        key: API key, as `discern key` prints it; None without.
        model: name of the model; None for the server's default.
        timeout: seconds within which a response must arrive, retries included.
        at_once: maximum number of concurrent requests of `predict`.

    Raises:
        UsageError: the address or the key is invalid, or httpx2 is not installed.
    """

    @property
    def url(self) -> str:
        """Return the server address without the endpoint path and the credentials."""
        return self._transport.address.base

    @property
    def model(self) -> str | None:
        """Return the model name, or None for the server's default model."""
        return self._transport.address.model

    async def __call__(self, picture: Picture) -> Prediction:
        """Classify one image on the server and return its prediction.

        Args:
            picture: path, content of a file, file that is open in binary mode, upright RGB pixels uint8 `[H, W, 3]`, or
                Pillow image, as for `Model`.

        Raises:
            PictureError: the picture cannot be used.
            RequestError: the server rejects the request or cannot be reached.
            UsageError: it has another type, or is a URL.
        """
        return await self._transport.predict(picture)

    async def predict(self, pictures: Iterable[Picture] | Picture) -> AsyncIterator[Prediction | PictureError]:
        """Classify images concurrently and yield predictions or image errors in order.

        One picture, such as a path, is a list of one.

        Raises:
            RequestError: the server rejects the request or cannot be reached.
            UsageError: an item is not a picture, or is a URL.
        """
        # Like `results_in_order`, which blocks its thread: here the loop runs on, and tasks are cancelled and awaited.
        semaphore = asyncio.Semaphore(self._transport.at_once)
        pending: deque[asyncio.Task[Prediction | PictureError]] = deque()
        try:
            for picture in each_picture(pictures):
                pending.append(asyncio.create_task(self._transport.try_predict(picture, semaphore)))
                if len(pending) >= _AHEAD * self._transport.at_once:
                    yield await pending[0]
                    pending.popleft()
            while pending:
                yield await pending[0]
                pending.popleft()
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def about(self) -> dict[str, Any]:
        """Fetch the model's class labels, decision thresholds, metrics and model card from the server.

        Raises:
            RequestError: the server rejects the request or cannot be reached.
        """
        return await self._transport.describe()

    async def close(self) -> None:
        """Close all connections to the server."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _wait(coroutine: Coroutine[Any, Any, _T]) -> _T:
    future = in_background(coroutine)
    try:
        return future.result()
    finally:
        future.cancel()  # an interrupted caller no longer takes the result


def _close_abandoned(transports: dict[int, Transport]) -> None:
    """Close the connections of a client that was garbage-collected without being closed."""
    if transport := transports.get(os.getpid()):
        in_background(transport.close())
