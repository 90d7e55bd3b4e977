"""Function that formats times as text."""

from datetime import UTC, datetime


def iso_time(seconds: float) -> str:
    """Format a time as ISO 8601 text in UTC, to the second.

    >>> iso_time(1_796_000_000.6)
    '2026-11-30T00:53:20+00:00'

    Args:
        seconds: the time in seconds since 1970 UTC; one outside the years 1 to 9999 is clipped.
    """
    try:
        when = datetime.fromtimestamp(int(seconds), UTC)
    except (OverflowError, ValueError, OSError):
        when = (datetime.max if seconds > 0 else datetime.min).replace(tzinfo=UTC, microsecond=0)
    return when.isoformat()
