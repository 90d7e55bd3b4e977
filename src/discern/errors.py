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
    """Error for a file that cannot be used as a picture."""

    code = "picture"


class NotAPicture(PictureError):
    """Error for a file whose content is not a supported picture format."""

    code = "not_a_picture"


class EmptyFile(PictureError):
    """Error for an empty file."""

    code = "empty"


class TruncatedPicture(PictureError):
    """Error for a file that ends before its picture does."""

    code = "truncated"


class DamagedPicture(PictureError):
    """Error for a picture of a supported format that cannot be decoded."""

    code = "damaged"


class PictureTooLarge(PictureError):
    """Error for a picture with more pixels or bytes than the limits allow."""

    code = "too_large"


class UnreadableFile(PictureError):
    """Error for a pipe, a device, a broken link or a file without read permission."""

    code = "unreadable_file"


class CatalogError(DiscernError):
    """Error for a source of pictures that cannot be read."""

    code = "catalog"


class FixesError(CatalogError):
    """Error for a fixes.csv that cannot be applied."""

    code = "fixes"


class NamesError(CatalogError):
    """Error for a names.csv that cannot be used."""

    code = "names"


class DataError(DiscernError):
    """Error for pictures or labels that do not suffice for the operation."""

    code = "data"


class StoreError(DiscernError):
    """Error for a cache that cannot be used or was written by a newer version."""

    code = "store"


class BackboneError(DiscernError):
    """Error for an unknown or unsupported backbone."""

    code = "backbone"


class BundleError(DiscernError):
    """Error for a model bundle that cannot be used."""

    code = "bundle"


class BundleDamaged(BundleError):
    """Error for a model bundle whose content is damaged or was altered."""

    code = "bundle_damaged"


class BundleFormatError(BundleError):
    """Error for a model bundle whose format this version does not support."""

    code = "bundle_format"


class RunError(DiscernError):
    """Error for a run folder that cannot be used for the operation."""

    code = "run"


class UsageError(DiscernError):
    """Error for an invalid argument."""

    code = "usage"


class RequestError(DiscernError):
    """Error for a request that a server rejects."""

    code = "request"


class BadRequest(RequestError):
    """Error for a malformed request."""

    code = "bad_request"


class Unauthorized(RequestError):
    """Error for a request whose API key is missing or unknown."""

    code = "unauthorized"


class Forbidden(RequestError):
    """Error for a request that is not permitted, or not with its API key."""

    code = "forbidden"


class NotFound(RequestError):
    """Error for a request for a model or page that does not exist."""

    code = "not_found"


class MethodNotAllowed(RequestError):
    """Error for an HTTP method that the endpoint does not support."""

    code = "method_not_allowed"


class RequestTooLarge(RequestError):
    """Error for a request with more bytes or pictures than the limits allow."""

    code = "too_large"


class UnsupportedBody(RequestError):
    """Error for a request body whose content type is not supported."""

    code = "unsupported"


class Overloaded(RequestError):
    """Error for a request that arrives while the server is at capacity.

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
    """Error for a client that has exceeded its rate limit."""

    code = "rate_exceeded"


class Unreachable(RequestError):
    """Error for a server that does not respond or is not a Discern server."""

    code = "unreachable"
