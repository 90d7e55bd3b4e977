"""HTTP/1.1 protocol for uvicorn that limits header sizes and waiting times."""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from discern.errors import BadRequest, DiscernError, RequestTooLarge
from discern.inference.error_status import error_json
from discern.serving.web.security_headers import SECURITY_HEADERS

_MAX_HEADER_BYTES = 65_536
_CHUNK_OVERHEAD_BYTES = 16  # allowed for each chunk of a body: its size in hexadecimal, and line breaks
_IPV4_MAPPED = "::ffff:"
_HEADER_TOO_LARGE = RequestTooLarge("The request header is too large.", hint="Send fewer or shorter headers.")
_OVERHEAD_TOO_LARGE = RequestTooLarge(
    "The chunk extensions and trailers of the request are too large.",
    hint="Send no trailers, and chunks without extensions.",
)
_NOT_HTTP = BadRequest("Invalid HTTP request.", hint="Send one such as `curl -F file=@new.jpg` does.")


class LimitedHttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 protocol for uvicorn that limits header sizes and waiting times.

    uvicorn limits neither headers nor trailers, in size or time. This class relies on uvicorn internals, hence the
    upper bound of its version in pyproject.toml; tests/unit/serving/web/test_protocol.py checks them.

    Args:
        timeout: seconds within which the next header must arrive, the rest of a body that was rejected early must
            arrive, and the client must read some of a response.
        max_connections: open connections; further ones are closed.
    """

    def __init__(self, *args: Any, timeout: float, max_connections: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self._timeout = timeout
        self._max_connections = max_connections
        self._read_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._header_bytes = self._headers_started = self._overhead_bytes = 0
        self._in_header = self._in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timeout for the first request header on a new connection."""
        super().connection_made(transport)
        if self.client and self.client[0].startswith(_IPV4_MAPPED):  # from a dual-stack socket
            self.client = self.client[0].removeprefix(_IPV4_MAPPED), self.client[1]
        transport.set_write_buffer_limits(high=0)  # so that `pause_writing` is called for any unsent byte
        self._in_header = True
        self._start_read_timer()
        if len(self.connections) > self._max_connections:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers of a connection after it has closed."""
        self._stop_read_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse received data and reject headers, chunk extensions and trailers that are too large."""
        headers_started = self._headers_started
        if self._in_body:
            self._overhead_bytes += len(data)
        super().data_received(data)
        if self._in_body and self._overhead_bytes > _MAX_HEADER_BYTES:
            self._reject_body()
        if not self._in_header:
            return
        if self._read_timer is None:
            self._start_read_timer()
        if self._headers_started == headers_started:  # else some of the data belongs to the previous request
            self._header_bytes += len(data)
        if self._header_bytes > _MAX_HEADER_BYTES:
            self._reject(b"431 Request Header Fields Too Large", _HEADER_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - replaced by the body that every error has
        """Reject a request that cannot be parsed as HTTP."""
        self._reject(b"400 Bad Request", _NOT_HTTP)

    def _reject(self, status: bytes, error: DiscernError) -> None:
        if self.transport.is_closing():
            return
        body = json.dumps(error_json(error)).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *SECURITY_HEADERS,
            (b"connection", b"close"),
        ]
        lines = [name + b": " + value for name, value in headers]
        self.transport.write(b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"", body]))
        self.transport.close()

    def _reject_body(self) -> None:
        """Reject a request while its body is being received."""
        if self.pipeline or self.cycle.response_started:
            self.transport.close()
        else:
            self._reject(b"431 Request Header Fields Too Large", _OVERHEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Restart the timeout when a request header begins."""
        super().on_message_begin()
        self._in_header, self._header_bytes = True, 0
        self._headers_started += 1
        self._start_read_timer()

    def on_headers_complete(self) -> None:
        """Stop the timeout when the request header is complete."""
        self._in_header, self._in_body, self._overhead_bytes = False, True, 0
        self._stop_read_timer()
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store a header field of the request and ignore trailers."""
        if not self._in_body:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Receive a part of the request body."""
        self._overhead_bytes = max(0, self._overhead_bytes - len(body))
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
            self._in_header, self._header_bytes = True, 0
            self._start_read_timer()

    def on_response_complete(self) -> None:
        """Start waiting for the rest of the request body or for the next request header."""
        follows = bool(self.pipeline)
        super().on_response_complete()
        if self._in_body:
            self._start_read_timer()
        elif not follows:
            self._in_header, self._header_bytes = True, 0

    def pause_writing(self) -> None:
        """Start the timeout for a client that has stopped reading the response."""
        super().pause_writing()
        self._start_write_timer(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Stop the timeout after the client has read the response data."""
        self._stop_write_timer()
        super().resume_writing()

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
