"""Pages of other origins: which of them may ask."""

from collections.abc import Sequence

from fastapi.middleware.cors import CORSMiddleware
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp

from discern.errors import BadRequest
from discern.serving.web.error_responses import error_response


class CorsMiddleware(CORSMiddleware):
    """As Starlette's, for what is asked here; and it refuses as all is refused here.

    Args:
        app: what is behind it.
        origins: whose pages may ask; "*" among them: all.
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
        """Answer a browser that asks on behalf of a page."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        said = bytes(answer.body).decode()
        refused = error_response(
            BadRequest(f"A page asks what it may not: {said}.", hint="Start the server with --cors ORIGIN.")
        )
        for name, value in answer.headers.items():
            refused.headers.setdefault(name, value)
        return refused
