"""HTTP responses of a hub with the content of a file, redirects followed and headers checked."""

import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse

from discern.errors import BackboneError
from discern.features.backbones.hub_address import Endpoint, HubFile, read_origin

MAX_REDIRECTS = 5  # not tuned; the hub redirects once, or twice after a repository was renamed
TIMEOUT_SECONDS = 30.0  # not tuned; for connecting and for each read
_REDIRECTS = {301, 302, 303, 307, 308}
_SHA256 = re.compile("[0-9a-f]{64}")
_REASONS = {
    401: "requires a token: set HF_TOKEN",
    403: "does not permit access: set HF_TOKEN to a token that does",
    404: "does not have it",
    429: "allows no more requests for now: try again later",
}


@contextmanager
def open_response(endpoint: Endpoint, file: HubFile, *, start: int) -> Iterator[tuple[HTTPResponse, int]]:
    """Context manager for the response with the content of a file, or with the rest of it.

    It gives the response and the position of its first byte, which is 0 if the server does not send that part.

    Args:
        endpoint: hub to request the file from.
        file: the file.
        start: position of the first byte to request.

    Raises:
        BackboneError: the server cannot be reached, or does not offer this file.
    """
    url, visited = endpoint.url(file), set[str]()
    while True:
        if url in visited or len(visited) > MAX_REDIRECTS:
            raise BackboneError(f"{endpoint.origin} redirects the request for {file.path} without end.")
        visited.add(url)
        with _get(url, endpoint.headers(url), start) as response:
            if read_origin(url) == endpoint.origin:
                _check_headers(response, file)
            if response.status in _REDIRECTS:
                url = endpoint.follow(url, response.headers.get("Location", ""))
            elif response.status == 416 or _is_other_part(response, start):
                if not start:
                    raise BackboneError(f"{read_origin(url)} sends a part of {file.path} that was not requested.")
                url, visited, start = endpoint.url(file), set(), 0
            else:
                _check_status(response, url, file)
                yield response, start if response.status == 206 else 0
                return


def describe_failure(error: Exception) -> str:
    """Describe why a connection failed."""
    reason = getattr(error, "reason", None) or error
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


@contextmanager
def _get(url: str, headers: dict[str, str], start: int) -> Iterator[HTTPResponse]:
    """Send a GET request; unlike urllib's own opener, this one neither follows redirects nor opens other schemes."""
    origin = read_origin(url)
    opener = urllib.request.OpenerDirector()
    proxies = urllib.request.ProxyHandler({}) if origin.is_local else urllib.request.ProxyHandler()
    for handler in (proxies, urllib.request.HTTPHandler(), urllib.request.HTTPSHandler()):
        opener.add_handler(handler)
    headers = {"User-Agent": "discern", "Accept-Encoding": "identity", **headers}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme was checked
    try:
        response = opener.open(request, timeout=TIMEOUT_SECONDS)
    except (OSError, HTTPException, ValueError) as error:
        raise BackboneError(f"{origin} cannot be reached: {describe_failure(error)}.") from error
    with response:
        yield response


def _check_headers(response: HTTPResponse, file: HubFile) -> None:
    """Check that the hub's own description of a file is the pinned one."""
    commit = response.headers.get("X-Repo-Commit", file.commit)
    if commit != file.commit:
        raise BackboneError(f"The hub offers {file.repository} at the commit {commit[:40]!r}, not {file.commit}.")
    size = response.headers.get("X-Linked-Size", "")
    if file.size is not None and size.isdecimal() and int(size) != file.size:
        raise BackboneError(f"The hub offers {file.path} with {int(size):,} bytes instead of {file.size:,}.")
    sha256 = response.headers.get("X-Linked-Etag", "").removeprefix("W/").strip('"').lower()
    if _SHA256.fullmatch(sha256) and sha256 != file.sha256:
        raise BackboneError(f"The hub offers {file.path} with the sha256 {sha256}, not {file.sha256}.")


def _is_other_part(response: HTTPResponse, start: int) -> bool:
    content_range = response.headers.get("Content-Range", "")
    return response.status == 206 and not (start and content_range.startswith(f"bytes {start}-"))


def _check_status(response: HTTPResponse, url: str, file: HubFile) -> None:
    status = response.status
    if status not in (200, 206):
        reason = _REASONS.get(status, "has a fault: try again later" if status >= 500 else "refuses the request")
        raise BackboneError(f"{read_origin(url)} responds with status {status} for {file.path}: it {reason}.")
