"""Download of an image by URL from public addresses only, without server-side request forgery (SSRF).

The host is resolved once, all of its addresses are checked, and a checked one is connected to.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead, InvalidURL
from urllib.parse import urlsplit

from discern.errors import BadRequest, Unreachable
from discern.inference.image_url import (
    HINT,
    MAX_REDIRECTS,
    PORTS,
    REDIRECT_STATUS,
    SCHEMES,
    check_response_headers,
    check_url,
    redirect_target,
    request_headers,
    response_too_large,
)
from discern.inference.public_address import is_public

_CHUNK = 1 << 16
_MAX_ADDRESSES = 3  # not tuned: tried one after the other


def download(
    url: str,
    *,
    max_bytes: int,
    timeout: float = 10.0,
    is_allowed: Callable[[str], bool] = is_public,
    ports: Collection[int] = PORTS,
) -> bytes:
    """Download the image at a URL.

    Args:
        url: the URL.
        max_bytes: size of the image, at most.
        timeout: seconds for the image, redirects included.
        is_allowed: checks an address.
        ports: allowed ports.

    Raises:
        BadRequest: the URL is not allowed.
        RequestTooLarge: the image is too large.
        Unreachable: it cannot be fetched in time.
    """
    deadline = time.monotonic() + timeout
    try:
        for _ in range(MAX_REDIRECTS + 1):
            response = _get(check_url(url, ports), max_bytes, deadline, is_allowed)
            if isinstance(response, bytes):
                return response
            url = redirect_target(url, response)
    except InvalidURL as error:
        raise BadRequest("image_url is not a valid URL.", hint=HINT) from error
    except (HTTPException, OSError) as error:
        if time.monotonic() >= deadline:
            raise Unreachable(f"image_url was not fetched within {timeout:g} s.", hint=HINT) from error
        raise Unreachable(f"image_url cannot be fetched: {type(error).__name__}.", hint=HINT) from error
    raise BadRequest(f"image_url redirects more than {MAX_REDIRECTS} times.", hint=HINT)


def _get(url: str, max_bytes: int, deadline: float, is_allowed: Callable[[str], bool]) -> bytes | str:
    """Send a GET request and return the response body or the location of a redirect."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or SCHEMES[parts.scheme])
    connection.sock = connected = _connect(parts.scheme, connection.host, connection.port, deadline, is_allowed)
    # A response that arrives byte by byte never exceeds the timeout of a single read.
    timer = threading.Timer(_remaining(deadline), _shut_down, [connected])
    timer.daemon = True
    timer.start()
    try:
        path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        connection.request("GET", path, headers=request_headers(url))
        response = connection.getresponse()
        if response.status in REDIRECT_STATUS:
            return response.headers.get("Location", "")
        if response.status != 200:
            raise Unreachable(f"image_url responds with status {response.status}.", hint=HINT)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.getheaders()]
        check_response_headers(headers, max_bytes=max_bytes)
        return _read(response, max_bytes, deadline)
    finally:
        timer.cancel()
        connection.close()
        connected.close()


def _shut_down(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _connect(scheme: str, host: str, port: int, deadline: float, is_allowed: Callable[[str], bool]) -> socket.socket:
    """Resolve a host, check all of its addresses, and connect to the first that accepts."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadRequest(f"The host of image_url cannot be resolved: {host}.", hint=HINT) from error
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not addresses or not all(map(is_allowed, addresses)):
        raise BadRequest(f"The host of image_url is not on the public internet: {host}.", hint=HINT)
    *others, last = addresses[:_MAX_ADDRESSES]
    for address in others:
        try:
            return _open(scheme, host, address, port, deadline)
        except OSError:
            continue
    return _open(scheme, host, last, port, deadline)


def _open(scheme: str, host: str, address: str, port: int, deadline: float) -> socket.socket:
    connected = socket.create_connection((address, port), timeout=_remaining(deadline))
    if scheme == "http":
        return connected
    try:
        return ssl.create_default_context().wrap_socket(connected, server_hostname=host)
    except BaseException:
        connected.close()
        raise


def _read(response: HTTPResponse, max_bytes: int, deadline: float) -> bytes:
    data = bytearray()
    while chunk := response.read1(_CHUNK):
        data += chunk
        if len(data) > max_bytes:
            raise response_too_large(max_bytes)
    if response.length:  # fewer bytes than declared
        raise IncompleteRead(b"", response.length)
    _remaining(deadline)  # a connection that was shut down ends like one that is complete
    return bytes(data)


def _remaining(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
