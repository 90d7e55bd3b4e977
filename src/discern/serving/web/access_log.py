"""Access log of the HTTP server in JSON Lines format, without request contents."""

import json
import logging
import time
from typing import Any

_LOG = logging.getLogger("discern.requests")
_THROTTLED = (429, 503)
_SECONDS = 1.0


class AccessLog:
    """Access log that records HTTP requests and unexpected exceptions.

    Rejections with status 429 or 503 are logged at most once a second, with the number of suppressed ones.
    """

    def __init__(self) -> None:
        self._last_rejection = float("-inf")
        self._left_out = 0

    def log_request(self, *, status: int, **details: Any) -> None:
        """Write an HTTP request and its response status to the access log."""
        fields = {"status": status} | details
        if status in _THROTTLED:
            now = time.monotonic()
            if now - self._last_rejection < _SECONDS:
                self._left_out += 1
                return
            self._last_rejection = now
            fields["refused_between"], self._left_out = self._left_out, 0
        _LOG.info("request", extra={"fields": fields})

    def log_exception(self, **details: Any) -> None:
        """Write the current exception and its traceback to the access log."""
        _LOG.exception("request failed", extra={"fields": details})


class JsonFormatter(logging.Formatter):
    """Log formatter that writes each record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a log record as one line of JSON."""
        fields = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= getattr(record, "fields", {})
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)
