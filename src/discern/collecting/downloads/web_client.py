"""HTTP client for one request at a time, with limits on sizes and times."""

import asyncio
import errno
import re
import shutil
import ssl
from collections.abc import AsyncIterator, Collection, Container, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpcore2
import httpx2

from discern._version import __version__
from discern.client.backoff import read_retry_after
from discern.collecting.downloads.download_error import DownloadError, status_error
from discern.collecting.downloads.guarded_network import GuardedNetwork
from discern.progress import Progress, silent

MAX_REDIRECTS = 5  # not tuned
REDIRECTS = {301, 302, 303, 307, 308}
# Not tuned: a mobile network sends some megabytes in a minute.
_CONNECT_SECONDS, _READ_SECONDS, _WHOLE_SECONDS = 5.0, 15.0, 60.0
_LONGEST_URL, _MOST_DIGITS = 8192, 15
_MEGABYTE = 1_000_000
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
            raise _lost(error) from error

    async def save(
        self, url: str, path: Path, *, max_bytes: int, headers: Mapping[str, str], progress: Progress = silent
    ) -> str | None:
        """Save a file, or the rest of it if there is a part.

        Args:
            url: the address, as `clean_url` returns it.
            path: the file, which grows while it is received.
            max_bytes: most bytes of the file.
            headers: headers to send in addition.
            progress: called with the megabytes received, and all if they are known.

        Returns:
            None if the file is complete; else the target of a redirect.

        Raises:
            DownloadError: the file cannot be had, or is incomplete; what was received stays.
            OSError: the file cannot be written.
        """
        start = path.stat().st_size if path.exists() else 0
        ranged = {"Range": f"bytes={start}-"} if start else {}
        try:
            async with self._stream(url, {**headers, **ranged}, accepted={200, 206, 416}) as (response, fields):
                if response.status in REDIRECTS:
                    return fields.get(b"location", "")
                fits = fields.get(b"content-range", "").startswith(f"bytes {start}-")
                if response.status == 416 or (response.status == 206 and not fits):
                    path.unlink(missing_ok=True)
                    raise DownloadError("range", "The server cannot send the rest of the file.", is_temporary=True)
                first = start if response.status == 206 else 0
                await _write(response, fields, path, first=first, max_bytes=max_bytes, progress=progress)
                return None
        except httpcore2.TimeoutException as error:
            raise DownloadError("timeout", "The server does not respond in time.", is_temporary=True) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise _lost(error) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    @asynccontextmanager
    async def _stream(
        self, url: str, headers: Mapping[str, str], *, accepted: Container[int]
    ) -> AsyncIterator[tuple[httpcore2.Response, dict[bytes, str]]]:
        """Context manager for a response with an accepted status or that of a redirect, and its headers."""
        times = {"connect": _CONNECT_SECONDS, "read": _READ_SECONDS, "write": _READ_SECONDS, "pool": self._timeout}
        sent = {"Host": urlsplit(url).netloc, "User-Agent": f"discern/{__version__}", "Accept": "image/*,*/*;q=0.5"}
        fixed = [*(sent | {"Accept-Encoding": "identity"} | dict(headers)).items()]
        async with self._pool.stream("GET", url, headers=fixed, extensions={"timeout": times}) as response:
            fields = {name.lower(): value.decode("latin-1").strip() for name, value in response.headers}
            if response.status not in REDIRECTS and response.status not in accepted:
                raise status_error(response.status, read_retry_after(fields.get(b"retry-after")))
            if fields.get(b"content-encoding", "").lower() not in {"", "identity"}:
                raise DownloadError("refused", "The server sends it compressed, which was not asked for.")
            yield response, fields

    async def _get(self, url: str, max_bytes: int, *, cut: bool) -> Reply:
        async with self._stream(url, {}, accepted={200}) as (response, fields):
            if response.status in REDIRECTS:
                return Reply(url=url, status=response.status, location=fields.get(b"location", ""))
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


async def _write(
    response: httpcore2.Response,
    fields: Mapping[bytes, str],
    path: Path,
    *,
    first: int,
    max_bytes: int,
    progress: Progress,
) -> None:
    declared = fields.get(b"content-length", "")
    whole = first + int(declared) if declared.isdecimal() and len(declared) <= _MOST_DIGITS else None
    if (whole or 0) > max_bytes:
        raise _too_large(max_bytes)
    free = shutil.disk_usage(path.parent).free
    if whole is not None and whole - first > free:
        raise OSError(errno.ENOSPC, f"{whole - first:,} bytes are needed and {free:,} are free")
    total = first
    with path.open("ab" if first else "wb") as file:
        async for chunk in response.aiter_stream():
            total += len(chunk)
            if total > max_bytes:
                raise _too_large(max_bytes)
            file.write(chunk)
            progress(f"download {path.stem} (MB)", total // _MEGABYTE, None if whole is None else whole // _MEGABYTE)
    if whole is not None and total < whole:
        raise DownloadError(
            "unreachable", f"The connection ended after {total:,} of {whole:,} bytes.", is_temporary=True
        )


def _lost(error: Exception) -> DownloadError:
    what = (str(error) or type(error).__name__).rstrip(".")[:200]
    return DownloadError("unreachable", f"The connection failed: {what}.", is_temporary=True)


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
