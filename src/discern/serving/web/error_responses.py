"""Exception handlers that return JSON error responses.

The body of every error is `{"error": {"code", "message", "hint"}}`.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from discern.errors import BadRequest, DiscernError, MethodNotAllowed, NotFound
from discern.inference.error_status import error_headers, error_json, http_status
from discern.serving.web.scope_keys import REQUEST_ID

CLIENT_CLOSED_REQUEST = 499
"""nginx's status of a request whose client disconnected before the response."""

_MAX_ISSUES, _MAX_LETTERS = 3, 300


def error_response(error: DiscernError) -> JSONResponse:
    """Build the HTTP response that reports an error to the client."""
    return JSONResponse(error_json(error), http_status(error), headers=error_headers(error))


def validation_error(issues: Sequence[Any]) -> BadRequest:
    """Build an error from the validation issues that pydantic reports."""
    listed = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in issues[:_MAX_ISSUES])
    return BadRequest(f"Invalid request: {listed[:_MAX_LETTERS]}.", hint="See /docs.")


def internal_error(scope: Scope) -> DiscernError:
    """Build the response to an unexpected exception without exposing its cause."""
    return DiscernError(
        "Internal server error.", hint=f"Look for {scope.get(REQUEST_ID, 'this request')} in the server's log."
    )


def handle_errors(app: FastAPI) -> None:
    """Install the exception handlers for JSON error responses on an application."""

    async def discern_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, DiscernError)
        # Its frames hold the pictures of the request, and one another, until garbage is collected.
        error.__traceback__ = None
        return error_response(error)

    async def http_exception(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        response = error_response(_translate(request, error))
        response.headers.update(error.headers or {})
        return response

    async def request_validation_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return error_response(validation_error(error.errors()))

    async def client_disconnect(_: Request, __: Exception) -> JSONResponse:
        response = error_response(BadRequest("The request ended before its body was complete.", hint="Send it again."))
        response.status_code = CLIENT_CLOSED_REQUEST  # most clients are gone, and it does not count as a bad request
        return response

    async def unexpected(request: Request, _: Exception) -> JSONResponse:
        return error_response(internal_error(request.scope))

    app.add_exception_handler(DiscernError, discern_error)
    app.add_exception_handler(HTTPException, http_exception)
    app.add_exception_handler(RequestValidationError, request_validation_error)
    app.add_exception_handler(ClientDisconnect, client_disconnect)
    app.add_exception_handler(Exception, unexpected)


def _translate(request: Request, error: HTTPException) -> DiscernError:
    path = request.url.path
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound(f"There is no {path} on this server.", hint="See /docs for its endpoints.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed(f"{path} does not support {request.method}.", hint="See /docs for its methods.")
    return BadRequest(str(error.detail), hint="See /docs.")
