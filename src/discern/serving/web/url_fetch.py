"""HTTP client that downloads images by URL and prevents server-side request forgery (SSRF).

Only public addresses are allowed. A host is resolved once, and a checked address is connected to, so DNS rebinding has
no effect. Redirects are checked likewise, and must stay on the same host.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from urllib.parse import SplitResult, urljoin, urlsplit

import httpcore2

from discern.errors import BadRequest, Overloaded, RequestTooLarge
from discern.inference.public_address import is_public
from discern.serving.web.name_resolver import resolve
from discern.serving.web.public_network import HINT, PublicNetwork, Resolve

_MAX_REDIRECTS = 3
_TIMEOUT = 10.0
_CONNECT_TIMEOUT = 3.0
_MAX_CONNECTIONS = 32  # not tuned
_MAX_UNFINISHED = 4  # not tuned: pictures of the maximum size whose bytes may be held while they arrive
_REDIRECT_STATUS = (301, 302, 303, 307, 308)
_SCHEMES = {"http": 80, "https": 443}
_PORTS = tuple(_SCHEMES.values())
_REDIRECT_HINT = "Use the final URL, or send the picture's bytes."


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
        ports: Iterable[int] = _PORTS,
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
                for _ in range(_MAX_REDIRECTS + 1):
                    response = await self._get(self._checked(url))
                    if isinstance(response, bytes):
                        return response
                    url = _redirected(url, response)
        except TimeoutError as error:
            raise BadRequest(f"image_url was not fetched within {self._timeout:g} s.", hint=HINT) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as error:
            raise BadRequest(f"image_url cannot be fetched: {type(error).__name__}.", hint=HINT) from error
        raise BadRequest(f"image_url redirects more than {_MAX_REDIRECTS} times.", hint=HINT)

    async def close(self) -> None:
        """Close all connections of the HTTP client."""
        await self._pool.aclose()

    def _checked(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            port = parts.port or _SCHEMES.get(parts.scheme)
        except ValueError as error:
            raise BadRequest("image_url is not a valid URL.", hint=HINT) from error
        if (
            parts.scheme not in _SCHEMES
            or not parts.hostname
            or port not in self._ports
            or parts.username is not None
            or not url.isascii()
        ):
            raise BadRequest(
                "image_url must be an http:// or https:// URL with the default port and without a user name.",
                hint=HINT,
            )
        return url

    async def _get(self, url: str) -> bytes | str:
        """Send a GET request and return the response body or the location of a redirect."""
        timeouts = {"connect": _CONNECT_TIMEOUT, "read": self._timeout, "write": self._timeout, "pool": self._timeout}
        headers = [
            ("Host", urlsplit(url).netloc),
            ("User-Agent", "discern"),
            ("Accept", "image/*"),
            ("Accept-Encoding", "identity"),
        ]
        async with self._pool.stream("GET", url, headers=headers, extensions={"timeout": timeouts}) as response:
            if response.status in _REDIRECT_STATUS:
                location = next((value for name, value in response.headers if name.lower() == b"location"), b"")
                return location.decode("latin-1")
            if response.status != 200:
                raise BadRequest(f"image_url responds with status {response.status}.", hint=HINT)
            self._check_headers(dict(response.headers))
            return await self._read(response)

    async def _read(self, response: httpcore2.Response) -> bytes:
        data = bytearray()
        try:
            async for chunk in response.aiter_stream():
                data += chunk
                self._unfinished_bytes += len(chunk)
                if len(data) > self._max_bytes:
                    raise self._too_large()
                if self._unfinished_bytes > _MAX_UNFINISHED * self._max_bytes:
                    raise Overloaded("Too many pictures are being fetched by URL.", hint="Retry in a moment.")
            return bytes(data)
        finally:
            self._unfinished_bytes -= len(data)

    def _check_headers(self, headers: dict[bytes, bytes]) -> None:
        """Reject a response that would be too large, or that is compressed although this was not accepted."""
        fields = {name.lower(): value.strip().lower() for name, value in headers.items()}
        if fields.get(b"content-encoding", b"identity") not in (b"", b"identity"):
            raise BadRequest("image_url responds with a content encoding.", hint=HINT)
        declared = fields.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._max_bytes:
            raise self._too_large()

    def _too_large(self) -> RequestTooLarge:
        return RequestTooLarge(
            f"The picture at image_url is larger than {self._max_bytes:,} bytes.", hint="Use a smaller picture."
        )


def _redirected(url: str, location: str) -> str:
    """Return the URL that a redirect leads to, which must have the same scheme, host and port."""
    try:
        target = urljoin(url, location)
        is_same = _origin(urlsplit(target)) == _origin(urlsplit(url))
    except ValueError as error:
        raise BadRequest("image_url redirects to an invalid URL.", hint=_REDIRECT_HINT) from error
    if not is_same:
        raise BadRequest("image_url redirects to another host, port or scheme.", hint=_REDIRECT_HINT)
    return target


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, (parts.hostname or "").removesuffix("."), parts.port or _SCHEMES.get(parts.scheme)
