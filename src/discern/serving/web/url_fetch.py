"""Fetches a picture that is named by a URL, from the public internet alone.

An address is looked up once, judged, and then connected to as it was judged; so a name that changes its address between
the two (DNS rebinding) gains nothing. Redirects are followed by hand, each judged anew.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urljoin, urlsplit

import httpcore2

from discern.errors import BadRequest, RequestTooLarge

_REDIRECTS = 3
_SECONDS = 10.0
_CONNECT_SECONDS = 3.0
_MOVED = (301, 302, 303, 307, 308)
_SCHEMES = {"http": 80, "https": 443}
_PORTS = tuple(_SCHEMES.values())
_HINT = "Name a picture that everybody on the internet can fetch, or send its bytes."

Resolve = Callable[[str, int], Awaitable[list[str]]]


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also where an IPv4 address is wrapped in an IPv6 one.

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
# What `is_global` lets through in some version of Python, or what is served to whoever is inside of a cloud.
_RESERVED = [
    ipaddress.ip_network(each)
    for each in (
        "192.0.0.0/24", "168.63.129.16/32", "192.88.99.0/24", "100.100.100.200/32",
        "fec0::/10", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96",
    )
]  # fmt: skip


async def resolve(host: str, port: int) -> list[str]:
    """Look up the addresses of a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class _PublicOnlyBackend(httpcore2.AsyncNetworkBackend):
    """Connects to public addresses only."""

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
            raise BadRequest(f"The host {host} of image_url is not known.", hint=_HINT) from error
        if not addresses or not all(map(self._is_allowed, addresses)):
            raise BadRequest(f"The host {host} of image_url is not on the public internet.", hint=_HINT)
        return await self._backend.connect_tcp(addresses[0], port, timeout, local_address, socket_options)


class UrlFetcher:
    """Fetches pictures by URL.

    Args:
        max_bytes: of one picture.
        seconds: for one picture, redirects included.
        resolve: looks up a host's addresses.
        is_allowed: judges an address.
        ports: that may be connected to.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        seconds: float = _SECONDS,
        resolve: Resolve = resolve,
        is_allowed: Callable[[str], bool] = is_public,
        ports: Iterable[int] = _PORTS,
    ) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._ports = frozenset(ports)
        self._pool = httpcore2.AsyncConnectionPool(
            network_backend=_PublicOnlyBackend(resolve, is_allowed),
            ssl_context=ssl.create_default_context(),
            max_connections=16,
            max_keepalive_connections=0,
        )

    async def fetch(self, url: str) -> bytes:
        """Fetch the bytes behind a URL.

        Raises:
            BadRequest: it is no URL of the public internet, or nothing was got in time.
            RequestTooLarge: there are more bytes than allowed.
        """
        try:
            async with asyncio.timeout(self._seconds):
                for _ in range(_REDIRECTS + 1):
                    found = await self._ask(self._judged(url))
                    if isinstance(found, bytes):
                        return found
                    url = _joined(url, found)
        except TimeoutError as error:
            raise BadRequest(f"image_url was not there within {self._seconds:g} s.", hint=_HINT) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as error:
            raise BadRequest(f"image_url cannot be fetched: {type(error).__name__}.", hint=_HINT) from error
        raise BadRequest(f"image_url is redirected more than {_REDIRECTS} times.", hint=_HINT)

    async def close(self) -> None:
        """Close what is open."""
        await self._pool.aclose()

    def _judged(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            port = parts.port or _SCHEMES.get(parts.scheme)
        except ValueError as error:
            raise BadRequest("image_url is no URL.", hint=_HINT) from error
        if (
            parts.scheme not in _SCHEMES
            or not parts.hostname
            or port not in self._ports
            or parts.username is not None
            or not url.isascii()
        ):
            raise BadRequest("image_url must be http:// or https:// at its usual port, without a user.", hint=_HINT)
        return url

    async def _ask(self, url: str) -> bytes | str:
        """Give the bytes, or where they have moved to."""
        timeouts = {"connect": _CONNECT_SECONDS, "read": self._seconds, "write": self._seconds, "pool": self._seconds}
        headers = [
            ("Host", urlsplit(url).netloc),
            ("User-Agent", "discern"),
            ("Accept", "image/*"),
            ("Accept-Encoding", "identity"),
        ]
        async with self._pool.stream("GET", url, headers=headers, extensions={"timeout": timeouts}) as answer:
            if answer.status in _MOVED:
                where = next((value for name, value in answer.headers if name.lower() == b"location"), b"")
                return where.decode("latin-1")
            if answer.status != 200:
                raise BadRequest(f"image_url answers {answer.status}.", hint=_HINT)
            data = bytearray()
            async for some in answer.aiter_stream():
                data += some
                if len(data) > self._max_bytes:
                    raise RequestTooLarge(
                        f"image_url gives more than {self._max_bytes:,} bytes.", hint="Make the picture smaller."
                    )
            return bytes(data)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise BadRequest("image_url is redirected to what is no URL.", hint=_HINT) from error
