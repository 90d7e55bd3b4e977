"""Durations as people write them."""

import math
import re

from discern.errors import UsageError

MOST_SECONDS = 30 * 86400.0
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0}
_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_PART = re.compile(rf"({_NUMBER})\s*(min|[dhms])\s*")


def parse_duration(duration: str | float, *, name: str = "duration") -> float:
    """Return a duration in seconds; a number without a unit has seconds already.

    >>> parse_duration("20m"), parse_duration("1h 30min"), parse_duration("90s"), parse_duration(45)
    (1200.0, 5400.0, 90.0, 45.0)

    Args:
        duration: a number, or text such as "20m".
        name: what the duration is, for messages.

    Raises:
        UsageError: it is not a duration, or is not between 1 second and 30 days.
    """
    seconds = _in_seconds(duration)
    if not 1 <= seconds <= MOST_SECONDS:
        raise UsageError(f"Invalid {name}: {duration}.", hint="Write it like 20m, 1h30m or 90s; at most 30d.")
    return seconds


def _in_seconds(duration: str | float) -> float:
    if isinstance(duration, bool):
        return math.nan
    if isinstance(duration, int | float):
        return float(duration)
    text = duration.strip().lower()
    if re.fullmatch(_NUMBER, text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(_PART.split(text)[::3]):
        return math.nan
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
