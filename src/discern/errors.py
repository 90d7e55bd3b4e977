"""Exception hierarchy.

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
├── StoreError              a cache that cannot be used, or was written by a newer version
├── BackboneError           an unknown or unsupported backbone
├── BundleError             a bundle that cannot be used
│   ├── BundleDamaged           its content is damaged or was altered
│   └── BundleFormatError       its format is not supported by this version
├── RunError                a run folder that cannot be used for the operation
├── UsageError              an invalid argument
└── RequestError            a request that a server rejects
    ├── BadRequest              it is malformed
    ├── Unauthorized            its API key is missing or unknown
    ├── Forbidden               it is not permitted, or not with this key
    ├── NotFound                there is no such model or page
    ├── MethodNotAllowed        the endpoint does not support its HTTP method
    ├── RequestTooLarge         more bytes or pictures than the limits allow
    ├── UnsupportedBody         its content type is not supported
    ├── Overloaded              the server is at capacity
    │   └── RateExceeded            the client has exceeded its rate limit
    └── Unreachable             no response, or not one from a Discern server
"""

from functools import partial
from typing import Any


class DiscernError(Exception):
    """Base class of all errors raised by Discern.

    Args:
        message: one sentence that names the problem and where it is.
        hint: one sentence that names the remedy, or "".
    """

    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword arguments are not part of `args`, so pickling would lose the hint.
        return partial(type(self), hint=self.hint), (self.message,), self.__dict__


class PictureError(DiscernError):
    """A file that cannot be used as a picture."""

    code = "picture"


class NotAPicture(PictureError):
    """The content of the file is not a supported picture format."""

    code = "not_a_picture"


class EmptyFile(PictureError):
    """The file is empty."""

    code = "empty"


class TruncatedPicture(PictureError):
    """The file ends before the picture does."""

    code = "truncated"


class DamagedPicture(PictureError):
    """The format is supported, but the content cannot be decoded."""

    code = "damaged"


class PictureTooLarge(PictureError):
    """More pixels or bytes than the limits allow."""

    code = "too_large"


class UnreadableFile(PictureError):
    """A pipe, a device, a broken link, or a file without read permission."""

    code = "unreadable_file"


class CatalogError(DiscernError):
    """A source of pictures that cannot be read."""

    code = "catalog"


class FixesError(CatalogError):
    """A fixes.csv that cannot be applied."""

    code = "fixes"


class NamesError(CatalogError):
    """A names.csv that cannot be used."""

    code = "names"


class DataError(DiscernError):
    """Pictures or labels that do not suffice for the operation."""

    code = "data"


class StoreError(DiscernError):
    """A cache that cannot be used, or was written by a newer version."""

    code = "store"


class BackboneError(DiscernError):
    """An unknown or unsupported backbone."""

    code = "backbone"


class BundleError(DiscernError):
    """A bundle that cannot be used."""

    code = "bundle"


class BundleDamaged(BundleError):
    """The content of the bundle is damaged or was altered."""

    code = "bundle_damaged"


class BundleFormatError(BundleError):
    """The format of the bundle is not supported by this version."""

    code = "bundle_format"


class RunError(DiscernError):
    """A run folder that cannot be used for the operation."""

    code = "run"


class UsageError(DiscernError):
    """An invalid argument."""

    code = "usage"


class RequestError(DiscernError):
    """A request that a server rejects."""

    code = "request"


class BadRequest(RequestError):
    """The request is malformed."""

    code = "bad_request"


class Unauthorized(RequestError):
    """The API key of the request is missing or unknown."""

    code = "unauthorized"


class Forbidden(RequestError):
    """The request is not permitted, or not with this API key."""

    code = "forbidden"


class NotFound(RequestError):
    """There is no such model or page."""

    code = "not_found"


class MethodNotAllowed(RequestError):
    """The endpoint does not support the HTTP method."""

    code = "method_not_allowed"


class RequestTooLarge(RequestError):
    """More bytes or pictures than the limits allow."""

    code = "too_large"


class UnsupportedBody(RequestError):
    """The content type of the body is not supported."""

    code = "unsupported"


class Overloaded(RequestError):
    """The server is at capacity.

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
    """The client has exceeded its rate limit."""

    code = "rate_exceeded"


class Unreachable(RequestError):
    """No response came, or not one from a Discern server."""

    code = "unreachable"
