"""Log handler that never waits for its output."""

import io
import logging
import os
import queue
import threading
import time
from contextlib import suppress
from typing import TextIO

_CAPACITY = 4096  # not tuned: lines, of about 300 bytes
_CLOSE_SECONDS = 1.0  # not tuned
_RETRY_SECONDS = 0.05


class BackgroundHandler(logging.Handler):
    """Log handler that writes lines to a stream in a thread of its own.

    A full pipe, a full disk or a closed terminal thus delays nothing. Lines that cannot be written are dropped, and
    their number is logged when the stream accepts lines again.

    Args:
        stream: output; None to drop everything.
        capacity: lines that may wait to be written.
    """

    def __init__(self, stream: TextIO | None, *, capacity: int = _CAPACITY) -> None:
        super().__init__()
        self._output = _Output(stream)
        self._lines: queue.Queue[str | None] = queue.Queue(capacity)
        self._dropped = 0
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Format a record and queue its line for writing."""
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._dropped += 1  # under the lock that `handle` holds
        except Exception:  # noqa: BLE001 - as in the standard library's handlers
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - of the standard library
        """Count a record that cannot be formatted as dropped, as standard error may be stuck."""
        self._dropped += 1

    def close(self) -> None:
        """Write the queued lines for at most a second."""
        if not self._is_closed:
            self._is_closed = True
            with suppress(queue.Full):
                self._lines.put(None, timeout=_CLOSE_SECONDS)
                self._thread.join(_CLOSE_SECONDS)
        super().close()

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            if not self._output.write(line):
                self._count_dropped(1)
            elif self._dropped:
                self._report_dropped()

    def _count_dropped(self, count: int) -> None:
        self.acquire()
        try:
            self._dropped += count
        finally:
            self.release()

    def _report_dropped(self) -> None:
        count = self._dropped
        report = logging.LogRecord(
            "discern.serving", logging.WARNING, __file__, 0, "%d log lines were dropped", (count,), None
        )
        if self._output.write(self.format(report)):
            self._count_dropped(-count)


class _Output:
    """Output that writes lines to a file descriptor, unbuffered, so that nothing waits for it at exit."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._is_cut = False
        try:
            self._descriptor = None if stream is None else stream.fileno()
        except (OSError, ValueError, io.UnsupportedOperation):
            self._descriptor = None

    def write(self, line: str) -> bool:
        """Write a line, and return False if it is lost."""
        try:
            if self._descriptor is not None:
                self._write_all(f"{line}\n".encode("utf-8", "backslashreplace"))
            elif self._stream is not None:
                self._stream.write(f"{line}\n")
        except (OSError, ValueError):
            return False
        return True

    def _write_all(self, data: bytes) -> None:
        assert self._descriptor is not None
        remaining = b"\n" + data if self._is_cut else data
        while remaining:
            try:
                written = os.write(self._descriptor, remaining)
            except BlockingIOError:  # another program set the shared terminal or pipe to non-blocking
                time.sleep(_RETRY_SECONDS)
                continue
            remaining = remaining[written:]
            self._is_cut = bool(remaining)
