"""HTTP/1.1 whose askers must come to the point, and take their answers: all has an end, a time or a number."""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from discern.errors import BadRequest, DiscernError, RequestTooLarge
from discern.serving.web.error_responses import to_json
from discern.serving.web.headers import SECURITY_HEADERS

_HEAD_BYTES = 65_536
# What one chunk of a body may have around it, its size in hexadecimal digits above all.
_CHUNK_BYTES = 16
_MAPPED = "::ffff:"
_TOO_LONG = RequestTooLarge("The request's head is too long.", hint="Send fewer headers.")
_TOO_MUCH_BESIDE = RequestTooLarge(
    "The request has too much beside its body.", hint="Send no trailers, and chunks without extensions."
)
_NO_REQUEST = BadRequest("This is no HTTP request.", hint="Send one, such as `curl -F file=@new.jpg` does.")


class LimitedHttpProtocol(HttpToolsProtocol):
    """As uvicorn's, which waits for a head without end, and takes one of any length, and trailers of any length.

    Args:
        patience: seconds in which a connection's next request must have its whole head here; in which the rest of a
            body must come that was refused before it was there; and in which something of an answer must be taken.
        most_connections: that are held at once; another one is closed.
    """

    def __init__(self, *args: Any, patience: float, most_connections: int, **named: Any) -> None:
        super().__init__(*args, **named)
        self._seconds = patience
        self._most_connections = most_connections
        self._patience: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._head = self._heads = self._beside = 0
        self._in_head = self._in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        if self.client and self.client[0].startswith(_MAPPED):  # a socket for both kinds of addresses
            self.client = self.client[0].removeprefix(_MAPPED), self.client[1]
        transport.set_write_buffer_limits(high=0)  # so that whatever is not taken at once is known of
        self._in_head = True
        self._wait()
        if len(self.connections) > self._most_connections:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless a head has grown too long, or what stands beside a body."""
        heads = self._heads
        if self._in_body:
            self._beside += len(data)
        super().data_received(data)
        if self._in_body and self._beside > _HEAD_BYTES:
            self._refuse_rest()
        if not self._in_head:
            return
        if self._patience is None:
            self._wait()
        if self._heads == heads:  # else some of it belonged to the request before
            self._head += len(data)
        if self._head > _HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large", _TOO_LONG)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - what it would say is not of our form
        """Refuse what is no HTTP, in the form that every error has."""
        self._refuse(b"400 Bad Request", _NO_REQUEST)

    def _refuse(self, status: bytes, error: DiscernError) -> None:
        if self.transport.is_closing():
            return
        body = json.dumps(to_json(error)).encode()
        said = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        lines = [name + b": " + value for name, value in [*said, *SECURITY_HEADERS, (b"connection", b"close")]]
        self.transport.write(b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"", body]))
        self.transport.close()

    def _refuse_rest(self) -> None:
        """Refuse the request whose body is being read; one that is answered already is cut off without a word."""
        if self.pipeline or self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse(b"431 Request Header Fields Too Large", _TOO_MUCH_BESIDE)

    def on_message_begin(self) -> None:
        """A head begins: from here on it may take its time, but not more."""
        super().on_message_begin()
        self._in_head, self._head = True, 0
        self._heads += 1
        self._wait()

    def on_headers_complete(self) -> None:
        """A head is here; the body is the application's to wait for."""
        self._in_head, self._in_body, self._beside = False, True, 0
        self._stop()
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of a head; a trailer tells nothing that is asked for, and is let go."""
        if not self._in_body:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Take some of a body, which the application limits."""
        self._beside = max(0, self._beside - len(body))
        super().on_body(body)

    def on_chunk_complete(self) -> None:
        """A chunk of a body is here; so much around it is no more than it needs."""
        self._beside = max(0, self._beside - _CHUNK_BYTES)

    def on_message_complete(self) -> None:
        """A request is here; one that was answered before it was there is followed by a head, which is waited for."""
        self._in_body = False
        self._stop()
        super().on_message_complete()
        if self.cycle.response_complete:
            self._in_head, self._head = True, 0
            self._wait()

    def on_response_complete(self) -> None:
        """Wait for the rest of a body that was refused, as nobody else does any more; or for the next head."""
        follows = bool(self.pipeline)
        super().on_response_complete()
        if self._in_body:
            self._wait()
        elif not follows:
            self._in_head, self._head = True, 0

    def pause_writing(self) -> None:
        """See that what is written is taken: one who does not would hold it for ever, also after a `close`."""
        super().pause_writing()
        self._watch_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """All is taken."""
        self._stop_watching()
        super().resume_writing()

    def _watch_reader(self, left: int) -> None:
        self._reading = self.loop.call_later(self._seconds, self._look_at_reader, left)

    def _look_at_reader(self, before: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left < before:
            self._watch_reader(left)
        else:
            self.transport.abort()

    def _stop_watching(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _wait(self) -> None:
        self._stop()
        self._patience = self.loop.call_later(self._seconds, self._lose_patience)

    def _stop(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
