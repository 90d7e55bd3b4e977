"""HTTP client that downloads images by URL and prevents server-side request forgery (SSRF).

Only public addresses are allowed. A host is resolved once, and the checked address is connected to, so DNS rebinding
has no effect. Redirects are checked likewise.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urljoin, urlsplit

import httpcore2

from discern.errors import BadRequest, RequestTooLarge

_MAX_REDIRECTS = 3
_TIMEOUT = 10.0
_CONNECT_TIMEOUT = 3.0
_REDIRECT_STATUS = (301, 302, 303, 307, 308)
_SCHEMES = {"http": 80, "https": 443}
_PORTS = tuple(_SCHEMES.values())
_HINT = "Use the URL of a publicly accessible picture, or send its bytes."

Resolve = Callable[[str, int], Awaitable[list[str]]]


def is_public(address: str) -> bool:
    """Return True if an IP address and any IPv4 address embedded in it are public.

    >>> is_public("93.184.215.14"), is_public("127.0.0.1"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    reserved = any(parsed in network for network in _RESERVED if network.version == parsed.version)
    return parsed.is_global and not parsed.is_multicast and not reserved


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Passed by `is_global` in some versions of Python, or internal to a cloud.
_RESERVED = [
    ipaddress.ip_network(each)
    for each in (
        "192.0.0.0/24", "168.63.129.16/32", "192.88.99.0/24", "100.100.100.200/32",
        "fec0::/10", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96",
    )
]  # fmt: skip


async def resolve(host: str, port: int) -> list[str]:
    """Resolve a host name to its IP addresses."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class _PublicOnlyBackend(httpcore2.AsyncNetworkBackend):
    """Network backend that connects only to permitted IP addresses."""

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
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise BadRequest(f"The host of image_url cannot be resolved: {host}.", hint=_HINT) from error
        if not addresses or not all(map(self._is_allowed, addresses)):
            raise BadRequest(f"The host of image_url is not on the public internet: {host}.", hint=_HINT)
        return await self._backend.connect_tcp(addresses[0], port, timeout, local_address, socket_options)


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
        self._pool = httpcore2.AsyncConnectionPool(
            network_backend=_PublicOnlyBackend(resolve, is_allowed),
            ssl_context=ssl.create_default_context(),
            max_connections=16,
            max_keepalive_connections=0,
        )

    async def fetch(self, url: str) -> bytes:
        """Download the image at a URL.

        Raises:
            BadRequest: the URL is not allowed, or cannot be fetched in time.
            RequestTooLarge: the picture is too large.
        """
        try:
            async with asyncio.timeout(self._timeout):
                for _ in range(_MAX_REDIRECTS + 1):
                    response = await self._get(self._checked(url))
                    if isinstance(response, bytes):
                        return response
                    url = _join(url, response)
        except TimeoutError as error:
            raise BadRequest(f"image_url was not fetched within {self._timeout:g} s.", hint=_HINT) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as error:
            raise BadRequest(f"image_url cannot be fetched: {type(error).__name__}.", hint=_HINT) from error
        raise BadRequest(f"image_url redirects more than {_MAX_REDIRECTS} times.", hint=_HINT)

    async def close(self) -> None:
        """Close all connections of the HTTP client."""
        await self._pool.aclose()

    def _checked(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            port = parts.port or _SCHEMES.get(parts.scheme)
        except ValueError as error:
            raise BadRequest("image_url is not a valid URL.", hint=_HINT) from error
        if (
            parts.scheme not in _SCHEMES
            or not parts.hostname
            or port not in self._ports
            or parts.username is not None
            or not url.isascii()
        ):
            raise BadRequest(
                "image_url must be an http:// or https:// URL with the default port and without a user name.",
                hint=_HINT,
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
                raise BadRequest(f"image_url responds with status {response.status}.", hint=_HINT)
            data = bytearray()
            async for chunk in response.aiter_stream():
                data += chunk
                if len(data) > self._max_bytes:
                    raise RequestTooLarge(
                        f"The picture at image_url is larger than {self._max_bytes:,} bytes.",
                        hint="Use a smaller picture.",
                    )
            return bytes(data)


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise BadRequest("image_url redirects to an invalid URL.", hint=_HINT) from error
