"""Network of an HTTP client that connects only to public addresses."""

import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpcore2

from discern.errors import BadRequest
from discern.inference.image_url import HINT

_MAX_ADDRESSES = 3  # not tuned: tried one after the other

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Return the addresses of a host, or raise `OSError`."""


class PublicNetwork(httpcore2.AsyncNetworkBackend):
    """Network backend that connects only to hosts all of whose addresses are permitted.

    Args:
        resolve: resolves a host to its addresses.
        is_allowed: checks an address.
    """

    def __init__(self, resolve: Resolve, is_allowed: Callable[[str], bool]) -> None:
        self._backend = httpcore2.AnyIOBackend()
        self._resolve = resolve
        self._is_allowed = is_allowed

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve a host, check all of its addresses, and connect to the first that accepts.

        Raises:
            BadRequest: it cannot be resolved, or is not permitted.
        """
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:  # also for a timeout
            raise BadRequest(f"The host of image_url cannot be resolved: {host}.", hint=HINT) from error
        if not addresses or not all(map(self._is_allowed, addresses)):
            raise BadRequest(f"The host of image_url is not on the public internet: {host}.", hint=HINT)
        *others, last = addresses[:_MAX_ADDRESSES]
        for address in others:
            try:
                return _Stream(await self._backend.connect_tcp(address, port, timeout, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return _Stream(await self._backend.connect_tcp(last, port, timeout, local_address, socket_options))


class _Stream(httpcore2.AsyncNetworkStream):
    """Stream that is also closed if its TLS handshake is cancelled, which httpcore leaves open."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
