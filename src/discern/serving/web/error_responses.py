"""Errors as HTTP answers: `{"error": {"code", "message", "hint"}}`, whatever went wrong."""

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from discern import errors
from discern.errors import BadRequest, DiscernError, MethodNotAllowed, NotFound, Overloaded
from discern.serving.web.scope_keys import REQUEST_ID

LEFT = 499
_MOST_TOLD, _MOST_SAID = 3, 300

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
    errors.RateExceeded: 429,
    errors.Overloaded: 503,
    errors.BundleError: 503,
}


def status_of(error: DiscernError) -> int:
    """The HTTP status that says the same."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def to_json(error: DiscernError) -> dict[str, dict[str, str]]:
    """The body that says it."""
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}


def error_response(error: DiscernError) -> JSONResponse:
    """Answer with an error."""
    headers = {}
    if isinstance(error, Overloaded):
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if isinstance(error, errors.Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(to_json(error), status_of(error), headers=headers)


def validation_error(errors: Sequence[Any]) -> BadRequest:
    """What a validator found, cut to what one reads."""
    said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in errors[:_MOST_TOLD])
    return BadRequest(f"The request makes no sense ({said[:_MOST_SAID]}).", hint="See /docs.")


def internal_error(scope: Scope) -> DiscernError:
    """What is said of a fault of ours; its cause stands in the log alone."""
    return DiscernError(
        "Something unforeseen happened while this was answered.",
        hint=f"Look for {scope.get(REQUEST_ID, 'it')} in the server's log.",
    )


def handle_errors(app: FastAPI) -> None:
    """Give every error of an application this form."""

    async def ours(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, DiscernError)
        return error_response(error)

    async def frameworks(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        answer = error_response(_translate(request, error))
        answer.headers.update(error.headers or {})
        return answer

    async def arguments(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return error_response(validation_error(error.errors()))

    async def gone(_: Request, __: Exception) -> JSONResponse:
        answer = error_response(BadRequest("The request ended before its body did.", hint="Send it again."))
        answer.status_code = LEFT  # most of them hear nothing any more, and are not to be counted as wrong
        return answer

    async def faults(request: Request, _: Exception) -> JSONResponse:
        return error_response(internal_error(request.scope))

    app.add_exception_handler(DiscernError, ours)
    app.add_exception_handler(HTTPException, frameworks)
    app.add_exception_handler(RequestValidationError, arguments)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, faults)


def _translate(request: Request, error: HTTPException) -> DiscernError:
    path = request.url.path
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound(f"There is no {path} here.", hint="See /docs for what there is.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed(f"{path} is not asked with {request.method}.", hint="See /docs for how it is.")
    return BadRequest(str(error.detail), hint="See /docs.")
