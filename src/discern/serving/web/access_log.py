"""The server's log: one JSON object a line, and no picture in it."""

import json
import logging
import time
from typing import Any

_LOG = logging.getLogger("discern.requests")
_REFUSED = (429, 503)
_SECONDS = 1.0


class AccessLog:
    """Notes requests.

    Refusals for want of time are noted once a second, with how many there were in between: when far more is asked than
    can be answered, what is spent on writing them down is not there for answers.
    """

    def __init__(self) -> None:
        self._last_refusal = float("-inf")
        self._not_noted = 0

    def note(self, *, status: int, **said: Any) -> None:
        """Note a request; `said` must be plain values."""
        fields = {"status": status} | said
        if status in _REFUSED:
            now = time.monotonic()
            if now - self._last_refusal < _SECONDS:
                self._not_noted += 1
                return
            self._last_refusal = now
            fields["refused_between"], self._not_noted = self._not_noted, 0
        _LOG.info("request", extra={"fields": fields})

    def note_failure(self, **said: Any) -> None:
        """Note an exception that is being handled, with its trace."""
        _LOG.exception("a request failed", extra={"fields": said})


class JsonLines(logging.Formatter):
    """Writes each record as one JSON object, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one line."""
        said = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        said |= getattr(record, "fields", {})
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str)
