"""HTTP transport for the clients, with retries, deadlines and size limits."""

import asyncio
from typing import TYPE_CHECKING, Any

from discern.bundle import Picture, Prediction
from discern.client.address import invalid_address, read_address
from discern.client.request import MOST_BYTES, headers, load_httpx, picture_bytes, response_too_large
from discern.client.response import read_object, read_prediction
from discern.client.retry import CONNECTING_SECONDS, Exchange
from discern.errors import PictureError, UsageError

if TYPE_CHECKING:
    import httpx2


class Transport:
    """Connection pool for HTTP requests to one server from one event loop.

    Args:
        url: the server's address; `?model=NAME` at its end selects the model.
        key: API key; None without.
        model: name of the model; None for the server's default.
        timeout: seconds within which a response must arrive, retries included.
        at_once: maximum number of concurrent requests of `predict`.

    Raises:
        UsageError: the address or the key is invalid, or httpx2 is not installed.
    """

    def __init__(self, url: str, key: str | None, *, model: str | None, timeout: float, at_once: int) -> None:
        if timeout <= 0 or at_once < 1:
            raise UsageError(
                f"Invalid client options: timeout={timeout!r}, at_once={at_once!r}.",
                hint="timeout must be positive, and at_once at least 1.",
            )
        self._httpx, self.address = load_httpx(), read_address(url, model)
        try:
            self._httpx.URL(self.address.predict)
        except self._httpx.InvalidURL as error:
            raise invalid_address(url, str(error)) from error
        self._timeout, self.at_once = timeout, at_once
        self._http: httpx2.AsyncClient = self._httpx.AsyncClient(
            headers=headers(key, has_login=self.address.login is not None),
            auth=self.address.login,
            # `Exchange` bounds the rest. A connection limit would make calls from more threads wait for each other.
            timeout=self._httpx.Timeout(None, connect=CONNECTING_SECONDS),
            limits=self._httpx.Limits(max_connections=None),
            # A proxy set for the network must not receive pictures and keys that are meant for this machine.
            mounts={"http://": None, "https://": None} if self.address.is_loopback else None,
        )

    async def predict(self, picture: Picture) -> Prediction:
        """Classify one image on the server and return its prediction.

        Raises:
            PictureError: the picture cannot be used.
            RequestError: the server rejects the request or cannot be reached.
            UsageError: it is not a picture, or is a URL.
        """
        if isinstance(picture, bytes):
            content = picture_bytes(picture)
        else:
            content = await asyncio.to_thread(picture_bytes, picture)
        return read_prediction(await self._send("POST", self.address.predict, content), self.address.base)

    async def try_predict(self, picture: Picture, semaphore: asyncio.Semaphore) -> Prediction | PictureError:
        """Classify one image on the server, or return the error if the image is unusable.

        Raises:
            RequestError: the server rejects the request or cannot be reached.
        """
        async with semaphore:
            try:
                return await self.predict(picture)
            except PictureError as error:
                return error

    async def describe(self) -> dict[str, Any]:
        """Fetch the description of a model from the server.

        Raises:
            RequestError: the server rejects the request or cannot be reached.
        """
        return read_object(await self._send("GET", self.address.describe), self.address.base)

    async def close(self) -> None:
        """Close all connections to the server."""
        await self._http.aclose()

    async def _send(self, method: str, url: str, content: bytes | None = None) -> bytes:
        exchange = Exchange(self.address, self._timeout)
        while True:
            try:
                # httpx's timeouts restart with each byte received; this one covers the whole response.
                async with asyncio.timeout(exchange.left):
                    response, body = await self._receive(method, url, content)
            except TimeoutError:
                raise exchange.timeout_error() from None
            except self._httpx.RequestError as failure:
                wait = exchange.after_failure(failure)
            else:
                if response.is_success:
                    return body
                wait = exchange.after_error_response(response.status_code, response.headers, body)
            await asyncio.sleep(wait)

    async def _receive(self, method: str, url: str, content: bytes | None) -> "tuple[httpx2.Response, bytes]":
        body = bytearray()
        async with self._http.stream(method, url, params=self.address.query, content=content) as response:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise response_too_large(self.address)
        return response, bytes(body)
