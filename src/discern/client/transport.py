"""How one server is asked: again where that may help, within its time, and never for more than can be held."""

import asyncio
from typing import TYPE_CHECKING, Any

from discern.bundle import Picture, Prediction
from discern.client.address import no_address, read_address
from discern.client.request import (
    CONNECTING_SECONDS,
    MOST_BYTES,
    Exchange,
    headers,
    load_httpx,
    picture_bytes,
    too_long,
)
from discern.client.response import read_object, read_prediction
from discern.errors import PictureError, UsageError

if TYPE_CHECKING:
    import httpx2


class Transport:
    """What both clients have in common; it belongs to one event loop.

    Args:
        url: the server's address; `?model=NAME` at its end names the model.
        key: as `key` made it; None: the server asks for none.
        model: the model's name; None: the server's first.
        timeout: seconds in which one answer must be there, retries included.
        at_once: how many questions are under way where many are asked.

    Raises:
        UsageError: no address, no key, or httpx2 is not installed.
    """

    def __init__(self, url: str, key: str | None, *, model: str | None, timeout: float, at_once: int) -> None:
        if timeout <= 0 or at_once < 1:
            raise UsageError("A client needs some time, and at least one question at once.", hint="Change them.")
        self._httpx, self.address = load_httpx(), read_address(url, model)
        try:
            self._httpx.URL(self.address.predict)
        except self._httpx.InvalidURL as error:
            raise no_address(url, str(error)) from error
        self._timeout, self.at_once = timeout, at_once
        self._http: httpx2.AsyncClient = self._httpx.AsyncClient(
            headers=headers(key, beside_login=self.address.login is not None),
            auth=self.address.login,
            # A question's own time bounds everything else. More threads than connections would wait for each other.
            timeout=self._httpx.Timeout(None, connect=CONNECTING_SECONDS),
            limits=self._httpx.Limits(max_connections=None),
        )

    async def answer(self, picture: Picture) -> Prediction:
        """Answer one picture.

        Raises:
            PictureError: it cannot be used as a picture.
            RequestError: the server refuses, or cannot be reached.
        """
        content = picture if isinstance(picture, bytes) else await asyncio.to_thread(picture_bytes, picture)
        return read_prediction(await self._send("POST", self.address.predict, content), self.address.base)

    async def attempt(self, picture: Picture, turns: asyncio.Semaphore) -> Prediction | PictureError:
        """Answer one picture of many when it is its turn, or say what is wrong with it.

        Raises:
            RequestError: the server refuses, or cannot be reached.
        """
        async with turns:
            try:
                return await self.answer(picture)
            except PictureError as error:
                return error

    async def about(self) -> dict[str, Any]:
        """What is known of the model.

        Raises:
            RequestError: the server refuses, or cannot be reached.
        """
        return read_object(await self._send("GET", self.address.describe), self.address.base)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _send(self, method: str, url: str, content: bytes | None = None) -> bytes:
        exchange = Exchange(self.address, self._timeout)
        while True:
            try:
                # What httpx calls a timeout is between two bytes, and a server may send them one by one.
                async with asyncio.timeout(exchange.left):
                    response, body = await self._receive(method, url, content)
            except TimeoutError:
                raise exchange.over() from None
            except self._httpx.RequestError as failure:
                wait = exchange.after_failure(failure)
            else:
                if response.is_success:
                    return body
                wait = exchange.after_refusal(response.status_code, response.headers, body)
            await asyncio.sleep(wait)

    async def _receive(self, method: str, url: str, content: bytes | None) -> "tuple[httpx2.Response, bytes]":
        body = bytearray()
        async with self._http.stream(method, url, params=self.address.query, content=content) as response:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise too_long(self.address)
        return response, bytes(body)
