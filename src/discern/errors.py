"""One family of errors.

DiscernError
├── PictureError            a file that should be a picture and is not usable
│   ├── NotAPicture             its content is no picture format we know
│   ├── EmptyFile               nothing in it
│   ├── TruncatedPicture        it ends too early
│   ├── DamagedPicture          its format is known but it cannot be decoded
│   ├── PictureTooLarge         more pixels or bytes than the limits allow
│   └── UnreadableFile          a pipe, a device, a broken link, or no permission
├── CatalogError            a source of pictures that cannot be read as one
│   ├── FixesError              a fixes.csv that cannot be applied
│   └── NamesError              a names.csv that cannot be used
├── DataError               pictures that do not allow what was asked of them
├── StoreError              the cache is damaged or of a newer form
├── BackboneError           no such backbone, or not one we can run
├── BundleError             a bundle that cannot be used
│   ├── BundleDamaged           it is not what was written
│   └── BundleFormatError       it is of a form that this version does not read
├── RunError                a run folder that cannot be used as asked
├── UsageError              an argument that makes no sense
└── RequestError            a request that a server refuses
    ├── BadRequest              it cannot be understood
    ├── Unauthorized            it has no key, or one that is not known
    ├── Forbidden               it may not be asked, or not with this key
    ├── NotFound                there is no such model or page
    ├── MethodNotAllowed        a page that is asked in another way
    ├── RequestTooLarge         more bytes or pictures than the limits allow
    ├── UnsupportedBody         a body of a kind that is not read
    ├── Overloaded              more than can be answered now
    │   └── RateExceeded            more than this asker may ask
    └── Unreachable             no answer came, or none of a Discern server
"""

from functools import partial
from typing import Any


class DiscernError(Exception):
    """The root: what was found and where, and in `hint` what to do next.

    Args:
        message: one sentence that names the thing and the place.
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
        # As keyword arguments are not in `args`, another process would not get the hint.
        return partial(type(self), hint=self.hint), (self.message,), self.__dict__


class PictureError(DiscernError):
    """A file that should be a picture and is not usable."""

    code = "picture"


class NotAPicture(PictureError):
    """The content is no picture format we know."""

    code = "not_a_picture"


class EmptyFile(PictureError):
    """There is nothing in the file."""

    code = "empty"


class TruncatedPicture(PictureError):
    """The file ends before the picture does."""

    code = "truncated"


class DamagedPicture(PictureError):
    """The format is known, but the content cannot be decoded."""

    code = "damaged"


class PictureTooLarge(PictureError):
    """More pixels or bytes than the limits allow."""

    code = "too_large"


class UnreadableFile(PictureError):
    """A pipe, a device, a broken link, or a file that may not be read."""

    code = "unreadable_file"


class CatalogError(DiscernError):
    """A source of pictures that cannot be read as one."""

    code = "catalog"


class FixesError(CatalogError):
    """A fixes.csv that cannot be applied."""

    code = "fixes"


class NamesError(CatalogError):
    """A names.csv that cannot be used."""

    code = "names"


class DataError(DiscernError):
    """The pictures do not allow what was asked of them."""

    code = "data"


class StoreError(DiscernError):
    """The cache is damaged or was written by a newer version."""

    code = "store"


class BackboneError(DiscernError):
    """No such backbone, or not one that can be run."""

    code = "backbone"


class BundleError(DiscernError):
    """A bundle that cannot be used."""

    code = "bundle"


class BundleDamaged(BundleError):
    """The bundle is not what was written."""

    code = "bundle_damaged"


class BundleFormatError(BundleError):
    """The bundle is of a form that this version does not read."""

    code = "bundle_format"


class RunError(DiscernError):
    """A run folder that cannot be used as asked."""

    code = "run"


class UsageError(DiscernError):
    """An argument that makes no sense."""

    code = "usage"


class RequestError(DiscernError):
    """A request that a server refuses."""

    code = "request"


class BadRequest(RequestError):
    """The request cannot be understood."""

    code = "bad_request"


class Unauthorized(RequestError):
    """The request has no key, or one that is not known."""

    code = "unauthorized"


class Forbidden(RequestError):
    """The request may not be made, or not with this key."""

    code = "forbidden"


class NotFound(RequestError):
    """There is no such model or page."""

    code = "not_found"


class MethodNotAllowed(RequestError):
    """The page is asked in another way."""

    code = "method_not_allowed"


class RequestTooLarge(RequestError):
    """More bytes or pictures than the limits allow."""

    code = "too_large"


class UnsupportedBody(RequestError):
    """The body is of a kind that is not read."""

    code = "unsupported"


class Overloaded(RequestError):
    """More than can be answered now.

    Args:
        message: as for every error.
        hint: as for every error.
        retry_after: seconds after which it is worth asking again.
    """

    code = "overloaded"

    def __init__(self, message: str, *, hint: str = "", retry_after: float = 1) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class RateExceeded(Overloaded):
    """More than this asker may ask."""

    code = "rate_exceeded"


class Unreachable(RequestError):
    """No answer came, or none of a Discern server."""

    code = "unreachable"
