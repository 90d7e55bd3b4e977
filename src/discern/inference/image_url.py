"""Rules for downloading an image by URL that are the same wherever it is downloaded.

Only a URL with the default port and without a user name is allowed, and only redirects on the same host.
"""

from collections.abc import Collection, Iterable
from urllib.parse import SplitResult, urljoin, urlsplit

from discern.errors import BadRequest, RequestTooLarge

HINT = "Use the URL of a publicly accessible picture, or send its bytes."
MAX_REDIRECTS = 3
REDIRECT_STATUS = (301, 302, 303, 307, 308)
SCHEMES = {"http": 80, "https": 443}
PORTS = tuple(SCHEMES.values())
_REDIRECT_HINT = "Use the final URL, or send the picture's bytes."


def check_url(url: str, ports: Collection[int] = PORTS) -> str:
    """Return the URL of an image if it is allowed.

    Raises:
        BadRequest: it is not a URL, or has another scheme or port, or a user name.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or SCHEMES.get(parts.scheme)
    except ValueError as error:
        raise BadRequest("image_url is not a valid URL.", hint=HINT) from error
    if (
        parts.scheme not in SCHEMES
        or not parts.hostname
        or port not in ports
        or parts.username is not None
        or not url.isascii()
    ):
        raise BadRequest(
            "image_url must be an http:// or https:// URL with the default port and without a user name.",
            hint=HINT,
        )
    return url


def request_headers(url: str) -> dict[str, str]:
    """Build the headers of a request for an image."""
    return {
        "Host": urlsplit(url).netloc,
        "User-Agent": "discern",
        "Accept": "image/*",
        "Accept-Encoding": "identity",
    }


def check_response_headers(headers: Iterable[tuple[bytes, bytes]], *, max_bytes: int) -> None:
    """Reject a response that would be too large, or that is compressed although this was not accepted.

    Raises:
        BadRequest: the response has a content encoding.
        RequestTooLarge: it declares more bytes.
    """
    fields = {name.lower(): value.strip().lower() for name, value in headers}
    if fields.get(b"content-encoding", b"identity") not in (b"", b"identity"):
        raise BadRequest("image_url responds with a content encoding.", hint=HINT)
    declared = fields.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > max_bytes:
        raise response_too_large(max_bytes)


def response_too_large(max_bytes: int) -> RequestTooLarge:
    """Build the error for a downloaded image that is larger than the limit."""
    return RequestTooLarge(
        f"The picture at image_url is larger than {max_bytes:,} bytes.", hint="Use a smaller picture."
    )


def redirect_target(url: str, location: str) -> str:
    """Return the URL that a redirect leads to, which must have the same scheme, host and port.

    Raises:
        BadRequest: it has not.
    """
    try:
        target = urljoin(url, location)
        is_same = _origin(urlsplit(target)) == _origin(urlsplit(url))
    except ValueError as error:
        raise BadRequest("image_url redirects to an invalid URL.", hint=_REDIRECT_HINT) from error
    if not is_same:
        raise BadRequest("image_url redirects to another host, port or scheme.", hint=_REDIRECT_HINT)
    return target


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, (parts.hostname or "").removesuffix("."), parts.port or SCHEMES.get(parts.scheme)
