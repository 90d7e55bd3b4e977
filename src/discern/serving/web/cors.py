"""Middleware that handles cross-origin requests (CORS) to the HTTP server."""

from collections.abc import Sequence

from fastapi.middleware.cors import CORSMiddleware
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp

from discern.errors import BadRequest
from discern.serving.web.error_responses import error_response


class CorsMiddleware(CORSMiddleware):
    """CORS middleware that uses the server's methods, headers and error format.

    Args:
        app: the application.
        origins: allowed origins; all if "*" is among them.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["Retry-After", "Server-Timing", "X-Request-ID"],
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the response to a CORS preflight request."""
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        reason = bytes(response.body).decode()
        rejection = error_response(
            BadRequest(f"Cross-origin request not allowed: {reason}.", hint="Start the server with --cors ORIGIN.")
        )
        for name, value in response.headers.items():
            rejection.headers.setdefault(name, value)
        return rejection
