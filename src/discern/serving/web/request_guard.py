"""What every request passes: it gets an id, is let in or refused, may not be too large or too slow, and is noted."""

import asyncio
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from discern.errors import BadRequest, DiscernError, Overloaded, RequestTooLarge
from discern.serving.config import ServeConfig
from discern.serving.web.access import Access, address_of
from discern.serving.web.access_log import AccessLog
from discern.serving.web.error_responses import LEFT, error_response, internal_error
from discern.serving.web.headers import SECURITY_HEADERS
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.scope_keys import HOLD, REQUEST_ID

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(kw_only=True)
class _RequestState:
    """One request on its way through."""

    scope: Scope
    id: str
    begun: float = field(default_factory=time.monotonic)
    received: int = 0
    held: int = 0
    status: int = 0
    caller: str = ""


class RequestGuard:
    """The outermost layer of the application.

    Args:
        app: what is behind it.
        config: its limits.
        access: keys and rates.
        figures: what is counted.
        busy: tells whether no picture can be taken just now, so that none needs to be read.
    """

    def __init__(
        self, app: ASGIApp, *, config: ServeConfig, access: Access, figures: ServerMetrics, busy: Callable[[], bool]
    ) -> None:
        self._app = app
        self._config = config
        self._access = access
        self._figures = figures
        self._busy = busy
        self._held = 0
        self._diary = AccessLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = headers.get("x-request-id", "")
        passage = _RequestState(scope=scope, id=asked if _ID.fullmatch(asked) else uuid.uuid4().hex)
        scope[REQUEST_ID] = passage.id
        try:
            await self._pass(passage, headers, receive, self._noting(passage, send))
        finally:
            self._held -= passage.held
            self._note(passage)

    async def _pass(self, passage: _RequestState, headers: Headers, receive: Receive, send: Send) -> None:
        scope = passage.scope
        scope[HOLD] = partial(self._hold, passage)
        # Nothing here is given in parts; and what refuses a wrong one would not have the form of our errors.
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"range"]
        passage.caller = address_of(scope)
        try:
            passage.caller = await self._access.admit(scope, headers)
            self._make_room(passage, headers)
            await self._app(scope, self._limited(passage, receive), send)
        except DiscernError as error:
            if not passage.status:
                await error_response(error)(scope, receive, send)
        except ClientDisconnect:
            passage.status = passage.status or LEFT
        except Exception:  # noqa: BLE001 - the outermost wall: whatever happened is logged, and said
            self._diary.note_failure(id=passage.id, path=scope["path"][:200])
            if not passage.status:
                await error_response(internal_error(scope))(scope, receive, send)

    def _make_room(self, passage: _RequestState, headers: Headers) -> None:
        """Refuse before anything is read what would be refused afterwards."""
        if passage.scope["method"] != "POST":
            return
        declared = headers.get("content-length", "0")
        size = int(declared) if declared.isdigit() and len(declared) < 16 else 0
        if size > self._config.max_request_bytes:
            raise self._too_large()
        if self._busy():
            raise _busy()

    def _hold(self, passage: _RequestState, size: int) -> None:
        """Take bytes into account that are there; what is only announced takes no room."""
        passage.held += size
        self._held += size
        if self._held > self._config.max_held_bytes:
            raise _busy()

    def _limited(self, passage: _RequestState, receive: Receive) -> Receive:
        async def receive_some() -> Message:
            remaining = passage.begun + self._config.body_seconds - time.monotonic()
            if passage.status or passage.received < 0:  # all is read: only the end of the connection may still come
                return await receive()
            try:
                async with asyncio.timeout(remaining):
                    message = await receive()
            except TimeoutError as error:
                raise BadRequest(
                    f"The body was not there within {self._config.body_seconds:g} s.", hint="Send less, or faster."
                ) from error
            if message["type"] == "http.request":
                self._count(passage, len(message.get("body", b"")))
                if not message.get("more_body"):
                    passage.received = -1
            return message

        return receive_some

    def _count(self, passage: _RequestState, size: int) -> None:
        passage.received += size
        if passage.received > self._config.max_request_bytes:
            raise self._too_large()
        self._hold(passage, size)

    def _too_large(self) -> RequestTooLarge:
        return RequestTooLarge(
            f"The request has more than {self._config.max_request_bytes:,} bytes.",
            hint="Send fewer or smaller pictures at once.",
        )

    def _noting(self, passage: _RequestState, send: Send) -> Send:
        async def send_some(message: Message) -> None:
            if message["type"] == "http.response.start":
                passage.status = message["status"]
                said = list(message.get("headers", ()))
                names = {name for name, _ in said}
                said += [pair for pair in SECURITY_HEADERS if pair[0] not in names]
                message["headers"] = [*said, (b"x-request-id", passage.id.encode())]
            await send(message)

        return send_some

    def _note(self, passage: _RequestState) -> None:
        scope, seconds = passage.scope, time.monotonic() - passage.begun
        route = getattr(scope.get("route"), "path", "other")
        self._figures.note_request(route, scope["method"], passage.status, seconds)
        self._diary.note(
            id=passage.id,
            method=scope["method"],
            path=scope["path"][:200],
            status=passage.status,
            ms=round(1000 * seconds, 1),
            caller=passage.caller,
        )


def _busy() -> Overloaded:
    return Overloaded("There is more to do than can be done now.", hint="Ask again in a moment.")
