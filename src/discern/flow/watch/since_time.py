"""Function that parses the time from which a look reads."""

import re
from datetime import UTC, datetime

from discern.errors import UsageError

_AGO = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([mhdw])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}


def parse_since(text: str | datetime | float, *, now: float) -> float:
    """Return a time in seconds since 1970 UTC.

    >>> parse_since("24h", now=1_000_000), parse_since("1970-01-02", now=1_000_000)
    (913600.0, 86400.0)

    Args:
        text: date or time in ISO 8601, in UTC unless it names another zone; a length before now in minutes, hours,
            days or weeks, such as `90m`, `24h`, `7d` or `2w`; a `datetime`; or the seconds themselves.
        now: the present time in seconds since 1970 UTC.

    Raises:
        UsageError: it is none of these.
    """
    if isinstance(text, int | float):
        return float(text)
    try:
        if isinstance(text, str):
            if ago := _AGO.fullmatch(text.strip().lower()):
                return now - float(ago[1]) * _SECONDS[ago[2]]
            text = datetime.fromisoformat(text.strip())
        return (text if text.tzinfo else text.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, AttributeError):
        raise UsageError(
            f"Invalid time: {text!r}.", hint="Write it like 2026-11-30, 2026-11-30T08:00, 24h or 7d."
        ) from None
