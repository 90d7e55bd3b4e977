"""HTTP client that downloads images by URL and prevents server-side request forgery (SSRF).

Only public addresses are allowed. A host is resolved once, and a checked address is connected to, so DNS rebinding has
no effect. Redirects are checked likewise, and must stay on the same host.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable

import httpcore2

from discern.errors import BadRequest, Overloaded
from discern.inference.image_url import (
    HINT,
    MAX_REDIRECTS,
    PORTS,
    REDIRECT_STATUS,
    check_response_headers,
    check_url,
    redirect_target,
    request_headers,
    response_too_large,
)
from discern.inference.public_address import is_public
from discern.serving.web.name_resolver import resolve
from discern.serving.web.public_network import PublicNetwork, Resolve

_TIMEOUT = 10.0
_CONNECT_TIMEOUT = 3.0
_MAX_CONNECTIONS = 32  # not tuned
_MAX_UNFINISHED = 4  # not tuned: pictures of the maximum size whose bytes may be held while they arrive


class UrlFetcher:
    """HTTP client that downloads images given by URL.

    Args:
        max_bytes: size of one picture, at most.
        timeout: seconds for one picture, redirects included.
        resolve: resolves a host to its addresses.
        is_allowed: checks an address.
        ports: allowed ports.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        timeout: float = _TIMEOUT,
        resolve: Resolve = resolve,
        is_allowed: Callable[[str], bool] = is_public,
        ports: Iterable[int] = PORTS,
    ) -> None:
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._ports = frozenset(ports)
        self._unfinished_bytes = 0
        self._pool = httpcore2.AsyncConnectionPool(
            network_backend=PublicNetwork(resolve, is_allowed),
            ssl_context=ssl.create_default_context(),
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=0,
        )

    async def fetch(self, url: str) -> bytes:
        """Download the image at a URL.

        Raises:
            BadRequest: the URL is not allowed, or cannot be fetched in time.
            Overloaded: too many other pictures are being fetched.
            RequestTooLarge: the picture is too large.
        """
        try:
            async with asyncio.timeout(self._timeout):
                for _ in range(MAX_REDIRECTS + 1):
                    response = await self._get(check_url(url, self._ports))
                    if isinstance(response, bytes):
                        return response
                    url = redirect_target(url, response)
        except TimeoutError as error:
            raise BadRequest(f"image_url was not fetched within {self._timeout:g} s.", hint=HINT) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as error:
            raise BadRequest(f"image_url cannot be fetched: {type(error).__name__}.", hint=HINT) from error
        raise BadRequest(f"image_url redirects more than {MAX_REDIRECTS} times.", hint=HINT)

    async def close(self) -> None:
        """Close all connections of the HTTP client."""
        await self._pool.aclose()

    async def _get(self, url: str) -> bytes | str:
        """Send a GET request and return the response body or the location of a redirect."""
        timeouts = {"connect": _CONNECT_TIMEOUT, "read": self._timeout, "write": self._timeout, "pool": self._timeout}
        headers = list(request_headers(url).items())
        async with self._pool.stream("GET", url, headers=headers, extensions={"timeout": timeouts}) as response:
            if response.status in REDIRECT_STATUS:
                location = next((value for name, value in response.headers if name.lower() == b"location"), b"")
                return location.decode("latin-1")
            if response.status != 200:
                raise BadRequest(f"image_url responds with status {response.status}.", hint=HINT)
            check_response_headers(response.headers, max_bytes=self._max_bytes)
            return await self._read(response)

    async def _read(self, response: httpcore2.Response) -> bytes:
        data = bytearray()
        try:
            async for chunk in response.aiter_stream():
                data += chunk
                self._unfinished_bytes += len(chunk)
                if len(data) > self._max_bytes:
                    raise response_too_large(self._max_bytes)
                if self._unfinished_bytes > _MAX_UNFINISHED * self._max_bytes:
                    raise Overloaded("Too many pictures are being fetched by URL.", hint="Retry in a moment.")
            return bytes(data)
        finally:
            self._unfinished_bytes -= len(data)
