"""Functions that convert errors to HTTP status codes, headers and JSON bodies.

The body is `{"error": {"code", "message", "hint"}}`.
"""

import math

from discern import errors
from discern.errors import DiscernError

_STATUS: dict[type[DiscernError], int] = {
    errors.EmptyFile: 400,
    errors.NotAPicture: 415,
    errors.PictureTooLarge: 413,
    errors.PictureError: 422,
    errors.BadRequest: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.RequestTooLarge: 413,
    errors.UnsupportedBody: 415,
    errors.UnknownLabel: 422,
    errors.RateExceeded: 429,
    errors.Overloaded: 503,
    errors.Unreachable: 502,
    errors.BundleError: 503,
}


def http_status(error: DiscernError) -> int:
    """Return the HTTP status code of an error, 500 unless the request caused it."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def error_headers(error: DiscernError) -> dict[str, str]:
    """Build the `Retry-After` and `WWW-Authenticate` headers of an error response."""
    if isinstance(error, errors.Overloaded):
        return {"Retry-After": str(math.ceil(error.retry_after))}
    if isinstance(error, errors.Unauthorized):
        return {"WWW-Authenticate": "Bearer"}
    return {}


def error_json(error: DiscernError) -> dict[str, dict[str, str]]:
    """Build the JSON body of an error response."""
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
