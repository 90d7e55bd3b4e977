"""Exception hierarchy of the library.

DiscernError
├── PictureError            a file that cannot be used as a picture
│   ├── NotAPicture             its content is not a supported picture format
│   ├── EmptyFile               it is empty
│   ├── TruncatedPicture        it ends before the picture does
│   ├── DamagedPicture          its format is supported but it cannot be decoded
│   ├── PictureTooLarge         more pixels or bytes than the limits allow
│   └── UnreadableFile          a pipe, a device, a broken link, or no permission
├── CatalogError            a source of pictures that cannot be read
│   ├── FixesError              a fixes.csv that cannot be applied
│   └── NamesError              a names.csv that cannot be used
├── DataError               pictures or labels that do not suffice for the operation
├── StoreError              a cache or a store of exchanges that cannot be used, or is of a newer version
├── BackboneError           an unknown or unsupported backbone
├── BundleError             a bundle that cannot be used
│   ├── BundleDamaged           its content is damaged or was altered
│   └── BundleFormatError       its format is not supported by this version
├── RunError                a run folder that cannot be used for the operation
│   └── RunStopped              a run that cannot continue now, but can be resumed
├── UsageError              an invalid argument
└── RequestError            a request that a server rejects
    ├── BadRequest              it is malformed
    ├── Unauthorized            its API key is missing or unknown
    ├── Forbidden               it is not permitted, or not with this key
    ├── NotFound                there is no such model or page
    ├── MethodNotAllowed        the endpoint does not support its HTTP method
    ├── RequestTooLarge         more bytes or pictures than the limits allow
    ├── UnsupportedBody         its content type is not supported
    ├── UnknownLabel            its label is none of the model's classes
    ├── Overloaded              the server is at capacity
    │   └── RateExceeded            the client has exceeded its rate limit
    └── Unreachable             no response, or not one from a Discern server
"""

import re
from functools import partial
from typing import Any

MAX_QUOTED = 200  # not tuned: two lines of a terminal
_MAX_MESSAGE = 2000  # not tuned: longer than any message of ours, apart from what it quotes
_MAX_PATH = 4096  # PATH_MAX of Linux; macOS and most of Windows allow less
_LONG_WORD = re.compile(rf"\S{{{MAX_QUOTED + 1},}}")
_LONG_QUOTE = re.compile(rf"(?<!\w)(?:'[^']{{{MAX_QUOTED},}}'|\"[^\"]{{{MAX_QUOTED},}}\")(?!\w)")


def shorten(text: str, limit: int = MAX_QUOTED) -> str:
    """Cut the middle out of a text that is longer than a limit.

    >>> shorten("0123456789" * 3, 15)
    '01234567...6789'
    """
    if len(text) <= limit:
        return text
    tail = (limit - 3) // 3
    return f"{text[: limit - 3 - tail]}...{text[len(text) - tail :]}"


def bound_message(text: str) -> str:
    """Cut the middle out of long words, such as base64 or paths, of long quotations, and of what is still long."""
    for quoted in (_LONG_WORD, _LONG_QUOTE):
        text = quoted.sub(lambda found: shorten(found[0]), text)
    return shorten(text, _MAX_MESSAGE)


def overlong_path(text: str) -> str | None:
    """Describe a text that is too long for a path, such as the content of a file, or return None."""
    if len(text) <= _MAX_PATH:
        return None
    return f"{shorten(text)} is not a path: File name too long ({len(text):,} characters)."


class DiscernError(Exception):
    """Base class of all errors raised by Discern.

    Args:
        message: one sentence that names the problem and where it is; what it quotes is shortened.
        hint: one sentence that names the remedy, or "".
    """

    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        message, hint = bound_message(message), bound_message(hint)
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword arguments are not part of `args`, so pickling would lose the hint.
        return partial(type(self), hint=self.hint), (self.message,), self.__dict__


class PictureError(DiscernError):
    """Error for unusable picture files."""

    code = "picture"


class NotAPicture(PictureError):
    """Error for unsupported picture formats."""

    code = "not_a_picture"


class EmptyFile(PictureError):
    """Error for empty files."""

    code = "empty"


class TruncatedPicture(PictureError):
    """Error for truncated picture files."""

    code = "truncated"


class DamagedPicture(PictureError):
    """Error for corrupt pictures of supported formats."""

    code = "damaged"


class PictureTooLarge(PictureError):
    """Error for pictures that exceed the pixel, byte or memory limits."""

    code = "too_large"


class UnreadableFile(PictureError):
    """Error for pipes, devices, broken links and files without read permission."""

    code = "unreadable_file"


class CatalogError(DiscernError):
    """Error for unreadable picture sources."""

    code = "catalog"


class FixesError(CatalogError):
    """Error for invalid fixes.csv files."""

    code = "fixes"


class NamesError(CatalogError):
    """Error for invalid names.csv files."""

    code = "names"


class DataError(DiscernError):
    """Error for insufficient pictures or labels."""

    code = "data"


class StoreError(DiscernError):
    """Error for unusable caches and stores of exchanges, and those of newer versions."""

    code = "store"


class BackboneError(DiscernError):
    """Error for unknown or unsupported backbones."""

    code = "backbone"


class BundleError(DiscernError):
    """Error for unusable model bundles."""

    code = "bundle"


class BundleDamaged(BundleError):
    """Error for corrupt or altered model bundles."""

    code = "bundle_damaged"


class BundleFormatError(BundleError):
    """Error for unsupported model bundle formats."""

    code = "bundle_format"


class RunError(DiscernError):
    """Error for unusable run folders."""

    code = "run"


class RunStopped(RunError):
    """Error for runs that cannot continue now, but can be resumed."""


class UsageError(DiscernError):
    """Error for invalid arguments."""

    code = "usage"


class RequestError(DiscernError):
    """Error for requests rejected by a server."""

    code = "request"


class BadRequest(RequestError):
    """Error for malformed requests."""

    code = "bad_request"


class Unauthorized(RequestError):
    """Error for missing or unknown API keys."""

    code = "unauthorized"


class Forbidden(RequestError):
    """Error for requests without permission."""

    code = "forbidden"


class NotFound(RequestError):
    """Error for unknown models or pages."""

    code = "not_found"


class MethodNotAllowed(RequestError):
    """Error for unsupported HTTP methods."""

    code = "method_not_allowed"


class RequestTooLarge(RequestError):
    """Error for requests with too many bytes or pictures."""

    code = "too_large"


class UnsupportedBody(RequestError):
    """Error for unsupported content types of request bodies."""

    code = "unsupported"


class UnknownLabel(RequestError):
    """Error for labels that are none of the model's classes."""

    code = "unknown_label"


class Overloaded(RequestError):
    """Error for requests to a server at capacity.

    Args:
        message: as for every error.
        hint: as for every error.
        retry_after: seconds to wait before the next attempt.
    """

    code = "overloaded"

    def __init__(self, message: str, *, hint: str = "", retry_after: float = 1) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class RateExceeded(Overloaded):
    """Error for clients over their rate limit."""

    code = "rate_exceeded"


class Unreachable(RequestError):
    """Error for servers without a valid Discern response."""

    code = "unreachable"
