"""The two clients: one waits for each answer, the other leaves its thread free meanwhile."""

import asyncio
import os
import weakref
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from functools import partial
from typing import Any, Self, TypeVar

from discern.bundle import Picture, Prediction
from discern.client.background import in_background
from discern.client.transport import Transport
from discern.errors import PictureError
from discern.parallel import results_in_order

_AHEAD = 2
_T = TypeVar("_T")


class Client:
    """A model on a Discern server, asked as if it were here.

    What is refused for the moment (statuses 429, 502, 503, 504) or cannot be reached is asked again, ever later and not
    before the server allows; other refusals are raised as the errors that a bundle here would raise. Any number of
    threads may share a client.

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
        self._make = partial(Transport, url, key, model=model, timeout=timeout, at_once=at_once)
        self._askers = {os.getpid(): self._make()}
        weakref.finalize(self, _leave, self._askers).atexit = False

    @property
    def url(self) -> str:
        """The server's address, without `/predict`, user and password."""
        return self._asker.address.base

    @property
    def model(self) -> str | None:
        """The name of the model that is asked; None: the server's first."""
        return self._asker.address.model

    def __call__(self, picture: Picture) -> Prediction:
        """Answer one picture: a path, the bytes of a file, upright RGB pixels uint8 `[H, W, 3]`, or Pillow's image.

        Raises:
            PictureError: it cannot be used as a picture.
            RequestError: the server refuses, or cannot be reached.
        """
        return _wait(self._asker.answer(picture))

    def predict(self, pictures: Iterable[Picture]) -> Iterator[Prediction | PictureError]:
        """Answer many pictures in order; a bad one gives its error in its place, and the rest goes on.

        Raises:
            RequestError: the server refuses, or cannot be reached.
        """
        turns = asyncio.Semaphore(self._asker.at_once)
        asked = (in_background(self._asker.attempt(picture, turns)) for picture in pictures)
        yield from results_in_order(asked, window=_AHEAD * self._asker.at_once)

    def about(self) -> dict[str, Any]:
        """What is known of the model: labels, thresholds, figures, its card.

        Raises:
            RequestError: the server refuses, or cannot be reached.
        """
        return _wait(self._asker.about())

    def close(self) -> None:
        """Close all connections."""
        _wait(self._asker.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _asker(self) -> Transport:
        # Connections cannot be shared with a process that was forked off.
        process = os.getpid()
        return self._askers.get(process) or self._askers.setdefault(process, self._make())


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
        self._asker = Transport(url, key, model=model, timeout=timeout, at_once=at_once)

    @property
    def url(self) -> str:
        """The server's address, without `/predict`, user and password."""
        return self._asker.address.base

    @property
    def model(self) -> str | None:
        """The name of the model that is asked; None: the server's first."""
        return self._asker.address.model

    async def __call__(self, picture: Picture) -> Prediction:
        """Answer one picture: a path, the bytes of a file, upright RGB pixels uint8 `[H, W, 3]`, or Pillow's image.

        Raises:
            PictureError: it cannot be used as a picture.
            RequestError: the server refuses, or cannot be reached.
        """
        return await self._asker.answer(picture)

    async def predict(self, pictures: Iterable[Picture]) -> AsyncIterator[Prediction | PictureError]:
        """Answer many pictures in order; a bad one gives its error in its place, and the rest goes on.

        Raises:
            RequestError: the server refuses, or cannot be reached.
        """
        # As `results_in_order`, which waits in a thread: here the loop goes on, and tasks are cancelled and awaited.
        turns = asyncio.Semaphore(self._asker.at_once)
        under_way: deque[asyncio.Task[Prediction | PictureError]] = deque()
        try:
            for picture in pictures:
                under_way.append(asyncio.create_task(self._asker.attempt(picture, turns)))
                if len(under_way) >= _AHEAD * self._asker.at_once:
                    yield await under_way[0]
                    under_way.popleft()
            while under_way:
                yield await under_way[0]
                under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def about(self) -> dict[str, Any]:
        """What is known of the model: labels, thresholds, figures, its card.

        Raises:
            RequestError: the server refuses, or cannot be reached.
        """
        return await self._asker.about()

    async def close(self) -> None:
        """Close all connections."""
        await self._asker.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _wait(answer: Coroutine[Any, Any, _T]) -> _T:
    future = in_background(answer)
    try:
        return future.result()
    finally:
        future.cancel()  # nobody takes it any more where the waiting is broken off


def _leave(askers: dict[int, Transport]) -> None:
    """Close what a client that was never closed has open."""
    if asker := askers.get(os.getpid()):
        in_background(asker.close())
