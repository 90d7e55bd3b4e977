"""HTTP/1.1 whose askers must come to the point: a connection that sends no whole head in time is closed."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PromptProtocol(HttpToolsProtocol):
    """As uvicorn's, which waits for a first request without end.

    Args:
        head_seconds: in which a connection's next request must have its whole head here.
    """

    def __init__(self, *args: Any, head_seconds: float, **named: Any) -> None:
        super().__init__(*args, **named)
        self._head_seconds = head_seconds
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head begins: from here on it may take its time, but not more."""
        super().on_message_begin()
        self._stop()
        self._wait()

    def on_headers_complete(self) -> None:
        """A head is here."""
        self._stop()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self._head_seconds, self._lose_patience)

    def _stop(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
