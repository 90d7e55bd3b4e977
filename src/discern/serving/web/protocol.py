"""HTTP/1.1 protocol for uvicorn that limits connections, headers, pipelines and waiting times."""

import asyncio
import json
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from discern.errors import BadRequest, DiscernError, RequestTooLarge
from discern.inference.error_status import error_json
from discern.serving.web.connection_pool import pool_of
from discern.serving.web.security_headers import SECURITY_HEADERS

_MAX_HEADER_BYTES = 65_536
_MAX_HEADER_FIELDS = 128  # not tuned: browsers and proxies send a few dozen
_MAX_PIPELINED = 16  # not tuned: few clients send a request before the response to the last one
_CHUNK_OVERHEAD_BYTES = 16  # allowed for each chunk of a body: its size in hexadecimal, and line breaks
_HEADER_SLICE_BYTES, _BODY_SLICE_BYTES = 4096, 16_384  # parsed at once: the limits are checked in between
_MAX_DROPPED_BYTES = 8 << 20  # not tuned: of a request that was rejected
_PROGRESS_BYTES = 4096  # not tuned: fewer bytes of a body do not count as progress
_IPV4_MAPPED = "::ffff:"
_TOO_LARGE, _BAD_REQUEST = b"431 Request Header Fields Too Large", b"400 Bad Request"
_HEADER_TOO_LARGE = RequestTooLarge("The request header is too large.", hint="Send fewer or shorter headers.")
_OVERHEAD_TOO_LARGE = RequestTooLarge(
    "The chunk extensions and trailers of the request are too large.",
    hint="Send no trailers, and chunks without extensions.",
)
_NOT_HTTP = BadRequest("Invalid HTTP request.", hint="Send one such as `curl -F file=@new.jpg` does.")
_TWO_HOSTS = BadRequest("The request target and the Host header name different hosts.", hint="Send a path as target.")
_UPGRADE_WITH_BODY = BadRequest("The request has a body and an Upgrade header.", hint="Send it without Upgrade.")
_TOO_MANY_PIPELINED = RequestTooLarge("Too many requests at once.", hint="Wait for responses, or use more connections.")


class _Rejection(Exception):
    """Exception that ends the parsing of a request, with the status line of its response."""

    def __init__(self, status: bytes, error: DiscernError) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error


class LimitedHttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 protocol for uvicorn that limits connections, headers, pipelines and waiting times.

    uvicorn limits neither headers nor trailers, in size or time. This class relies on uvicorn internals, hence the
    upper bound of its version in pyproject.toml; tests/unit/serving/web/test_protocol.py checks them.

    Args:
        timeout: seconds within which the next header must arrive, the rest of a body that was rejected early must
            arrive, the client must close its side after an invalid request, and it must read some of a response.
        max_connections: open connections (see `ConnectionPool`).
        trusted_proxies: addresses whose connections are limited in total only.
    """

    def __init__(
        self, *args: Any, timeout: float, max_connections: int, trusted_proxies: str = "", **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._timeout = timeout
        self._pool = pool_of(self.server_state, max_connections, trusted_proxies)
        self._read_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._header_bytes = self._field_bytes = self._overhead_bytes = self._progress_bytes = self._dropped_bytes = 0
        self._in_header = self._in_body = self._ended = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timeout for the first request header on a new connection."""
        super().connection_made(transport)
        if self.client and self.client[0].startswith(_IPV4_MAPPED):  # from a dual-stack socket
            self.client = self.client[0].removeprefix(_IPV4_MAPPED), self.client[1]
        transport.set_write_buffer_limits(high=0)  # so that `pause_writing` is called for any unsent byte
        self._in_header = True
        self._start_read_timer()
        if not self._pool.add(self, self.client[0] if self.client else ""):
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers of a connection after it has closed."""
        self._pool.remove(self)
        self._stop_read_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def evict(self) -> None:
        """Close the connection at once to make room for another one."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Parse received data and reject headers, chunk extensions and trailers that are too large."""
        self._unset_keepalive_if_required()
        if self._ended:
            self._drop(data)
            return
        start = 0
        while start < len(data) and not self._ended and not self.transport.is_closing():
            is_body = self._in_body and not self._overhead_bytes
            end = start + (_BODY_SLICE_BYTES if is_body else _HEADER_SLICE_BYTES)
            self._parse(data[start:end])
            start = end

    def _parse(self, data: bytes) -> None:
        if self._in_body:
            self._overhead_bytes += len(data)
        if self._in_header:
            self._header_bytes += len(data)
        try:
            self._feed(data)
            self._check_sizes()
        except _Rejection as rejection:
            self._reject(rejection.status, rejection.error)
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, _Rejection):
                self._reject(cause.status, cause.error)
            else:
                self.send_400_response(str(error))

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:  # the protocol remains the same, so the next request follows
            if rest := data[upgrade.args[0] :]:
                self._feed(rest)

    def _check_sizes(self) -> None:
        if self._in_body and self._overhead_bytes > _MAX_HEADER_BYTES:
            raise _Rejection(_TOO_LARGE, _OVERHEAD_TOO_LARGE)
        if not self._in_header:
            return
        if self._read_timer is None:
            self._start_read_timer()
        if self._header_bytes > _MAX_HEADER_BYTES:
            raise _Rejection(_TOO_LARGE, _HEADER_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - replaced by the body that every error has
        """Reject a request that cannot be parsed as HTTP."""
        self._reject(_BAD_REQUEST, _NOT_HTTP)

    def _reject(self, status: bytes, error: DiscernError) -> None:
        """Reject what is being received, after the responses to all earlier requests."""
        if self.transport.is_closing() or self._ended:
            return
        if self._in_body and (self.pipeline or self.cycle.response_started):
            self.transport.close()
        elif not self._in_body and self._is_answering():
            self._ended, self.cycle.keep_alive = True, False
        else:
            self._send_error(status, error)

    def _send_error(self, status: bytes, error: DiscernError) -> None:
        body = json.dumps(error_json(error)).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *SECURITY_HEADERS,
            (b"connection", b"close"),
        ]
        lines = [name + b": " + value for name, value in headers]
        self._disconnect_app()
        self.transport.write(b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"", body]))
        self._close_after_client()

    def _disconnect_app(self) -> None:
        """Tell the application that the request that it may be waiting for will not arrive."""
        if self._is_answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.cycle = None  # type: ignore[assignment]  # as uvicorn starts

    def _close_after_client(self) -> None:
        """Close the connection when the client has closed its side, at the timeout, or if it sends too much.

        To close it while the client is still sending would reset it, and the client would lose the response.
        """
        if not self.transport.can_write_eof():  # TLS
            self.transport.close()
            return
        self._ended = True
        self.transport.write_eof()
        self._start_read_timer()
        self._pool.mark_slow(self)

    def _drop(self, data: bytes) -> None:
        self._dropped_bytes += len(data)
        if self._dropped_bytes > _MAX_DROPPED_BYTES and not self._is_answering():
            self.transport.abort()

    def _is_answering(self) -> bool:
        """Return True if a request that has arrived is not answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def on_message_begin(self) -> None:
        """Restart the timeout when a request header begins."""
        if len(self.pipeline) >= _MAX_PIPELINED:
            raise _Rejection(_TOO_LARGE, _TOO_MANY_PIPELINED)
        super().on_message_begin()
        self._in_header, self._header_bytes = True, 0
        if not self._is_answering():  # the headers of all that wait for an answer count together
            self._field_bytes = 0
        self._start_read_timer()

    def on_url(self, url: bytes) -> None:
        """Receive a part of the request target."""
        self._count_field(len(url))
        super().on_url(url)

    def on_headers_complete(self) -> None:
        """Stop the timeout when the request header is complete."""
        self._check_target()
        self._check_upgrade()
        super().on_headers_complete()
        self._in_header, self._in_body, self._overhead_bytes, self._progress_bytes = False, True, 0, 0
        self._stop_read_timer()
        self._mark()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store a header field of the request and ignore trailers."""
        if self._in_body:
            return
        self._count_field(len(name) + len(value))
        if len(self.headers) >= _MAX_HEADER_FIELDS:
            raise _Rejection(_TOO_LARGE, _HEADER_TOO_LARGE)
        super().on_header(name, value)

    def _count_field(self, size: int) -> None:
        self._field_bytes += size
        if self._field_bytes > _MAX_HEADER_BYTES:
            raise _Rejection(_TOO_LARGE, _HEADER_TOO_LARGE)

    def _check_target(self) -> None:
        """Reject a request target with a host other than that of the Host header."""
        if self.url.startswith(b"/") or b"://" not in self.url:
            return
        scheme, _, rest = self.url.lower().partition(b"://")
        target = rest.partition(b"/")[0].partition(b"?")[0]
        hosts = [value for name, value in self.headers if name == b"host"]
        if not hosts:
            self.headers.append((b"host", target))
        elif [host.lower() for host in hosts] != [target] or scheme not in (b"http", b"https"):
            raise _Rejection(_BAD_REQUEST, _TWO_HOSTS)

    def _check_upgrade(self) -> None:
        """Reject an upgrade with a body, which the parser would take for the next request."""
        fields = dict(self.headers)
        has_body = b"transfer-encoding" in fields or fields.get(b"content-length", b"0").strip(b"0")
        if self.parser.should_upgrade() and has_body:
            raise _Rejection(_BAD_REQUEST, _UPGRADE_WITH_BODY)

    def on_body(self, body: bytes) -> None:
        """Receive a part of the request body."""
        self._overhead_bytes = max(0, self._overhead_bytes - len(body))
        self._progress_bytes += len(body)
        if self._progress_bytes >= _PROGRESS_BYTES:
            self._progress_bytes = 0
            self._mark()
        super().on_body(body)

    def on_chunk_complete(self) -> None:
        """Exclude the permitted overhead of a chunk from the byte count."""
        self._overhead_bytes = max(0, self._overhead_bytes - _CHUNK_OVERHEAD_BYTES)

    def on_message_complete(self) -> None:
        """Start the timeout for the next request header if the response is already complete."""
        self._in_body = False
        self._stop_read_timer()
        super().on_message_complete()
        if self.cycle.response_complete:
            self._expect_header()
            self._start_read_timer()
        self._mark()

    def on_response_complete(self) -> None:
        """Start waiting for the rest of the request body or for the next request header."""
        follows = bool(self.pipeline)
        super().on_response_complete()
        if not follows:
            self.cycle.body.clear()  # the rest of a body that was not read
        if self._in_body:
            self._start_read_timer()
        elif not follows:
            self._expect_header()
        self._mark()

    def _expect_header(self) -> None:
        self._in_header, self._header_bytes = True, 0

    def _mark(self) -> None:
        """Tell the pool of connections for whom this one waits."""
        if self._in_body or self._write_timer is not None:
            self._pool.mark_slow(self)
        elif self._is_answering():
            self._pool.mark_busy(self)
        else:
            self._pool.mark_idle(self)

    def pause_writing(self) -> None:
        """Start the timeout for a client that has stopped reading the response."""
        super().pause_writing()
        self._start_write_timer(self.transport.get_write_buffer_size())
        self._mark()

    def resume_writing(self) -> None:
        """Stop the timeout after the client has read the response data."""
        self._stop_write_timer()
        super().resume_writing()
        self._mark()

    def _start_write_timer(self, unsent: int) -> None:
        self._write_timer = self.loop.call_later(self._timeout, self._check_progress, unsent)

    def _check_progress(self, before: int) -> None:
        unsent = self.transport.get_write_buffer_size()
        if unsent < before:
            self._start_write_timer(unsent)
        else:
            self.transport.abort()

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _start_read_timer(self) -> None:
        self._stop_read_timer()
        self._read_timer = self.loop.call_later(self._timeout, self._close_on_timeout)

    def _stop_read_timer(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _close_on_timeout(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
