"""HTTP client for one request at a time, with limits on sizes and times."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpcore2
import httpx2

from discern._version import __version__
from discern.client.backoff import read_retry_after
from discern.collecting.downloads.download_error import DownloadError, status_error
from discern.collecting.downloads.guarded_network import GuardedNetwork

MAX_REDIRECTS = 5  # not tuned
REDIRECTS = {301, 302, 303, 307, 308}
# Not tuned: a mobile network sends some megabytes in a minute.
_CONNECT_SECONDS, _READ_SECONDS, _WHOLE_SECONDS = 5.0, 15.0, 60.0
_LONGEST_URL = 8192
_HOST = re.compile(r"[a-z0-9_.:-]+")  # also of an IPv6 address, without its brackets
_LICENSE = re.compile(r"<([^<>\s]{1,2000})>[^,<]*;\s*rel\s*=\s*\"?license\"?\s*(?:[;,]|$)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """Reply to a request.

    Attributes:
        url: the address that was requested.
        status: 200, or the status of a redirect.
        location: address that a redirect leads to; "" for none.
        body: the content; empty for a redirect.
        license: address of the licence, if the reply states one; else "".
    """

    url: str
    status: int
    location: str = ""
    body: bytes = b""
    license: str = ""


class WebClient:
    """HTTP client that neither follows redirects nor keeps cookies.

    Args:
        allow_hosts: hosts whose addresses may be private.
        connections: connections at a time.
        timeout: seconds for one reply.
    """

    def __init__(self, allow_hosts: Collection[str] = (), *, connections: int, timeout: float = _WHOLE_SECONDS) -> None:
        self._timeout = timeout
        self._pool = httpcore2.AsyncConnectionPool(
            network_backend=GuardedNetwork({host.lower() for host in allow_hosts}),
            ssl_context=ssl.create_default_context(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=5.0,
        )

    async def get(self, url: str, *, max_bytes: int, cut: bool = False) -> Reply:
        """Request an address.

        Args:
            url: the address, as `clean_url` returns it.
            max_bytes: most bytes of the body.
            cut: ignore the bytes after `max_bytes` instead of failing.

        Raises:
            DownloadError: there is no reply with a status of 200 or of a redirect, in time, and within the limits.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._get(url, max_bytes, cut=cut)
        except TimeoutError as error:
            message = f"The reply was not complete within {self._timeout:g} s."
            raise DownloadError("timeout", message, is_temporary=True) from error
        except httpcore2.TimeoutException as error:
            raise DownloadError("timeout", "The server does not respond in time.", is_temporary=True) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            what = (str(error) or type(error).__name__).rstrip(".")[:200]
            raise DownloadError("unreachable", f"The connection failed: {what}.", is_temporary=True) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    async def _get(self, url: str, max_bytes: int, *, cut: bool) -> Reply:
        times = {"connect": _CONNECT_SECONDS, "read": _READ_SECONDS, "write": _READ_SECONDS, "pool": self._timeout}
        headers = [
            ("Host", urlsplit(url).netloc),
            ("User-Agent", f"discern/{__version__}"),
            ("Accept", "image/*,*/*;q=0.5"),
            ("Accept-Encoding", "identity"),
        ]
        async with self._pool.stream("GET", url, headers=headers, extensions={"timeout": times}) as response:
            fields = {name.lower(): value.decode("latin-1").strip() for name, value in response.headers}
            if response.status in REDIRECTS:
                return Reply(url=url, status=response.status, location=fields.get(b"location", ""))
            if response.status != 200:
                raise status_error(response.status, read_retry_after(fields.get(b"retry-after")))
            if fields.get(b"content-encoding", "").lower() not in {"", "identity"}:
                raise DownloadError("refused", "The server sends it compressed, which was not asked for.")
            declared = fields.get(b"content-length", "")
            if not cut and declared.isdecimal() and int(declared) > max_bytes:
                raise _too_large(max_bytes)
            body = await _read(response, max_bytes, cut=cut)
            found = _LICENSE.search(fields.get(b"link", ""))
            return Reply(url=url, status=200, body=body, license=urljoin(url, found[1]) if found else "")


async def _read(response: httpcore2.Response, max_bytes: int, *, cut: bool) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_stream():
        data += chunk
        if len(data) > max_bytes:
            if cut:
                break
            raise _too_large(max_bytes)
    return bytes(data[:max_bytes])


@asynccontextmanager
async def web_client(allow_hosts: Collection[str] = (), *, connections: int) -> AsyncIterator[WebClient]:
    """Context manager for a client whose connections are closed at its end."""
    client = WebClient(allow_hosts, connections=connections)
    try:
        yield client
    finally:
        await client.close()


def clean_url(url: str) -> str:
    """Return an address in the form that is requested: without a fragment, with encoded characters.

    >>> clean_url("https://shop.example/ä b.jpg#top")
    'https://shop.example/%C3%A4%20b.jpg'

    Raises:
        DownloadError: it is not an address of the web, or contains a user name.
    """
    try:
        parsed = httpx2.URL(url.strip())
        parts = urlsplit(str(parsed))
        is_valid = parts.port != 0 and _HOST.fullmatch(parts.hostname or "") is not None
    except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
        raise DownloadError("invalid_address", "It is not a valid address.") from error
    if parsed.scheme not in {"http", "https"} or not is_valid or len(url) > _LONGEST_URL:
        raise DownloadError("invalid_address", "It is not an address that begins with http:// or https://.")
    if parsed.userinfo:
        raise DownloadError("invalid_address", "It contains a user name or a password, which are not sent.")
    return str(parsed.copy_with(fragment=None))


def follow_redirect(url: str, location: str) -> str:
    """Return the address that a redirect leads to.

    Raises:
        DownloadError: it leads to no address of the web.
    """
    try:
        return clean_url(urljoin(url, location)) if location else _no_target()
    except (DownloadError, ValueError) as error:
        raise DownloadError("bad_redirect", "It redirects to an invalid address.") from error


def _no_target() -> str:
    raise ValueError("a redirect without a target")


def _too_large(max_bytes: int) -> DownloadError:
    return DownloadError("too_large", f"It has more than {max_bytes:,} bytes.")
