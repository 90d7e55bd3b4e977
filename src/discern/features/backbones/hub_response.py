"""HTTP responses of a hub with the content of a file, redirects followed and headers checked."""

import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPException, HTTPResponse

from discern.errors import BackboneError
from discern.features.backbones.hub_address import Endpoint, HubFile, read_origin

MAX_REDIRECTS = 5  # not tuned; the hub redirects once, or twice after a repository was renamed
TIMEOUT_SECONDS = 30.0  # not tuned; for connecting and for each read
_REDIRECTS = {301, 302, 303, 307, 308}
_SHA256 = re.compile("[0-9a-f]{64}")
_MOST_DIGITS = 12
_COMMIT = re.compile("[0-9a-f]{40}")
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


def describe_file(endpoint: Endpoint, repository: str, path: str, *, name: str, most: int) -> HubFile:
    """Ask a hub for the newest commit, the SHA-256 and the size of a file.

    Args:
        endpoint: hub to ask.
        repository: owner and name of the repository.
        path: path of the file in it.
        name: name of the file in the cache.
        most: largest size in bytes.

    Raises:
        BackboneError: the hub cannot be reached, does not have the file, or does not state all of them.
    """
    wanted = HubFile(name=name, repository=repository, commit="main", path=path, sha256="", size=None)
    url, visited = endpoint.url(wanted), set[str]()
    while True:
        if url in visited or len(visited) > MAX_REDIRECTS:
            raise BackboneError(f"{endpoint.origin} redirects the request for {path} without end.")
        visited.add(url)
        with _get(url, endpoint.headers(url), 0, method="HEAD") as response:
            headers, status = response.headers, response.status
            if "X-Repo-Commit" not in headers and status in _REDIRECTS:  # a repository that was renamed
                url = endpoint.follow(url, headers.get("Location", ""))
                continue
            if status not in _REDIRECTS:
                _check_status(response, url, wanted)
            commit, size = headers.get("X-Repo-Commit", ""), headers.get("X-Linked-Size", "")
            sha256 = _stated_sha256(response)
            if not (_COMMIT.fullmatch(commit) and sha256 and size.isdecimal() and len(size) < _MOST_DIGITS):
                raise BackboneError(
                    f"{read_origin(url)} does not state the commit, the sha256 and the size of {path}.",
                    hint="Set HF_ENDPOINT to the hub or to a mirror that passes on the headers of the hub.",
                )
            if int(size) > most:
                raise BackboneError(f"{path} of {repository} has {int(size):,} bytes; {most:,} are allowed.")
            return replace(wanted, commit=commit, sha256=sha256, size=int(size))


def describe_failure(error: Exception) -> str:
    """Describe why a connection failed."""
    reason = getattr(error, "reason", None) or error
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


@contextmanager
def _get(url: str, headers: dict[str, str], start: int, method: str = "GET") -> Iterator[HTTPResponse]:
    """Send a request; unlike urllib's own opener, this one neither follows redirects nor opens other schemes."""
    origin = read_origin(url)
    opener = urllib.request.OpenerDirector()
    proxies = urllib.request.ProxyHandler({}) if origin.is_local else urllib.request.ProxyHandler()
    for handler in (proxies, urllib.request.HTTPHandler(), urllib.request.HTTPSHandler()):
        opener.add_handler(handler)
    headers = {"User-Agent": "discern", "Accept-Encoding": "identity", **headers}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers, method=method)  # noqa: S310 - the scheme was checked
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
    sha256 = _stated_sha256(response)
    if sha256 and sha256 != file.sha256:
        raise BackboneError(f"The hub offers {file.path} with the sha256 {sha256}, not {file.sha256}.")


def _stated_sha256(response: HTTPResponse) -> str:
    """Return the digest that a hub states for a file; empty if it states none."""
    stated = response.headers.get("X-Linked-Etag", "").removeprefix("W/").strip('"').lower()
    return stated if _SHA256.fullmatch(stated) else ""


def _is_other_part(response: HTTPResponse, start: int) -> bool:
    content_range = response.headers.get("Content-Range", "")
    return response.status == 206 and not (start and content_range.startswith(f"bytes {start}-"))


def _check_status(response: HTTPResponse, url: str, file: HubFile) -> None:
    status = response.status
    if status not in (200, 206):
        reason = _REASONS.get(status, "has a fault: try again later" if status >= 500 else "refuses the request")
        pause = response.headers.get("Retry-After", "")
        if pause.isdecimal() and len(pause) < _MOST_DIGITS and reason.endswith("later"):
            reason = f"{reason.removesuffix('later')}in {int(pause):,} s"
        raise BackboneError(f"{read_origin(url)} responds with status {status} for {file.path}: it {reason}.")
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("", "identity"):
        raise BackboneError(f"{read_origin(url)} sends {file.path} in the encoding {encoding[:20]!r}, not as it is.")
    if response.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        raise BackboneError(
            f"{read_origin(url)} sends a web page instead of {file.path}.",
            hint="If this network asks for a login in the browser, log in first; otherwise check HF_ENDPOINT.",
        )
