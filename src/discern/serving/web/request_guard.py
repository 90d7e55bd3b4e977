"""ASGI middleware for authentication, request limits, request identifiers and logging."""

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

from discern.errors import BadRequest, DiscernError, RequestTooLarge
from discern.serving.config import ServeConfig
from discern.serving.web.access_control import AccessControl, client_address
from discern.serving.web.access_log import AccessLog
from discern.serving.web.error_responses import CLIENT_CLOSED_REQUEST, error_response, internal_error
from discern.serving.web.forwarded_client import TrustedProxies
from discern.serving.web.held_bytes import HeldBody, HeldBytes, overloaded
from discern.serving.web.prometheus import ServerMetrics
from discern.serving.web.request_origin import OriginCheck
from discern.serving.web.scope_keys import CLIENT, CLIENT_ID, COUNT_PICTURES, HOLD_BYTES, REQUEST_ID
from discern.serving.web.security_headers import SECURITY_HEADERS

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(kw_only=True)
class _RequestState:
    """State of one HTTP request while it is being checked and processed.

    Attributes:
        scope: its ASGI scope.
        id: its id.
        started: when its header was read.
        body: what is held in memory for it.
        received: bytes of the body so far.
        is_complete: whether the body has arrived.
        status: the status of the response; 0 before it starts.
        client: an API key's name or an address.
    """

    scope: Scope
    id: str
    body: HeldBody
    started: float = field(default_factory=time.monotonic)
    received: int = 0
    is_complete: bool = False
    status: int = 0
    client: str = ""


class RequestGuard:
    """Outermost ASGI middleware that authenticates, limits and logs HTTP requests.

    Args:
        app: the application.
        config: its limits.
        access: checks API keys and rate limits.
        metrics: counts requests.
        is_full: whether every queue is full, so that a body need not be read.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        config: ServeConfig,
        access: AccessControl,
        metrics: ServerMetrics,
        is_full: Callable[[], bool],
    ) -> None:
        self._app = app
        self._config = config
        self._access = access
        self._metrics = metrics
        self._is_full = is_full
        self._origins = OriginCheck(config)
        self._proxies = TrustedProxies(config.trusted_proxies)
        self._held = HeldBytes(config.max_held_bytes)
        self._log = AccessLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, forward and log one HTTP request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._proxies.apply(scope)
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        state = _RequestState(
            scope=scope,
            id=given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex,
            body=HeldBody(network=client_address(scope)),
        )
        scope[REQUEST_ID] = state.id
        scope[CLIENT_ID] = state.id if state.id == given else None
        try:
            await self._handle(state, headers, receive, self._sender(state, send))
        finally:
            self._held.release(state.body)
            self._record(state)

    async def _handle(self, state: _RequestState, headers: Headers, receive: Receive, send: Send) -> None:
        scope = state.scope
        scope[HOLD_BYTES] = partial(self._held.hold, state.body)
        # No range requests are supported, and Starlette's response to an invalid one would not be one of ours.
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"range"]
        state.client = state.body.network
        try:
            self._origins.check(scope, headers)
            state.client = await self._access.authorize(scope, headers)
            scope[CLIENT] = state.client
            scope[COUNT_PICTURES] = partial(self._access.count_pictures, state.client)
            self._check_room(state, headers)
            await self._app(scope, self._receiver(state, receive), send)
        except DiscernError as error:
            if not state.status:
                await error_response(error)(scope, receive, send)
        except ClientDisconnect:
            state.status = state.status or CLIENT_CLOSED_REQUEST
        except Exception:  # noqa: BLE001 - the last resort: logged, and answered with status 500
            self._log.log_exception(id=state.id, path=scope["path"][:200])
            if not state.status:
                await error_response(internal_error(scope))(scope, receive, send)

    def _check_room(self, state: _RequestState, headers: Headers) -> None:
        """Reject a request that is too large or that arrives when the queue is full."""
        if state.scope["method"] != "POST":
            return
        declared = headers.get("content-length", "0")
        size = int(declared) if declared.isdigit() and len(declared) < 16 else 0
        if size > self._config.max_request_bytes:
            raise self._too_large()
        if self._is_full():
            raise overloaded()

    def _receiver(self, state: _RequestState, receive: Receive) -> Receive:
        async def receive_limited() -> Message:
            remaining = state.started + self._config.request_timeout - time.monotonic()
            if state.status or state.is_complete:  # only a disconnect can follow
                return await receive()
            try:
                async with asyncio.timeout(remaining) as state.body.deadline:
                    message = await receive()
            except TimeoutError as error:
                if state.body.is_evicted:
                    raise overloaded() from error
                raise BadRequest(
                    f"The request body did not arrive within {self._config.request_timeout:g} s.",
                    hint="Send fewer or smaller pictures at once.",
                ) from error
            finally:
                state.body.deadline = None
            if state.body.is_evicted:  # while the message was on its way
                raise overloaded()
            if message["type"] == "http.request":
                self._count(state, len(message.get("body", b"")))
                state.is_complete = not message.get("more_body")
            return message

        return receive_limited

    def _count(self, state: _RequestState, size: int) -> None:
        state.received += size
        if state.received > self._config.max_request_bytes:
            raise self._too_large()
        self._held.hold(state.body, size)

    def _too_large(self) -> RequestTooLarge:
        return RequestTooLarge(
            f"The request body is larger than {self._config.max_request_bytes:,} bytes.",
            hint="Send fewer or smaller pictures at once.",
        )

    def _sender(self, state: _RequestState, send: Send) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                state.status = message["status"]
                headers = list(message.get("headers", ()))
                names = {name for name, _ in headers}
                headers += [pair for pair in SECURITY_HEADERS if pair[0] not in names]
                message["headers"] = [*headers, (b"x-request-id", state.id.encode())]
            await send(message)

        return send_with_headers

    def _record(self, state: _RequestState) -> None:
        scope, seconds = state.scope, time.monotonic() - state.started
        route = getattr(scope.get("route"), "path", "other")
        self._metrics.count_request(route, scope["method"], state.status, seconds)
        self._log.log_request(
            id=state.id,
            method=scope["method"],
            path=scope["path"][:200],
            status=state.status,
            ms=round(1000 * seconds, 1),
            caller=state.client,
        )
