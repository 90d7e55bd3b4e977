"""Rate limits written as text, such as "60/minute".

Importing this module loads no library.
"""

import re
from dataclasses import dataclass

from discern.errors import UsageError

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "month": 30 * 86_400, "year": 360 * 86_400}
_LIMIT = re.compile(rf"\s*(\d{{1,9}})\s*(?:/|per)\s*(\d{{1,9}})?\s*({'|'.join(_UNITS)})s?\s*", re.ASCII | re.IGNORECASE)
_MAX_SECONDS = _UNITS["year"]
_HINT = "Write one limit like 60/minute: a number of pictures, and a period of up to a year."


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """Number of pictures that each client may send in a period.

    Attributes:
        pictures: the number.
        seconds: the period.
        text: the limit as people read it, such as "60 per 1 minute".
    """

    pictures: int
    seconds: int
    text: str

    def __str__(self) -> str:
        return self.text


def parse_rate_limit(text: str) -> RateLimit:
    """Parse a rate limit.

    >>> parse_rate_limit("60/minute")
    RateLimit(pictures=60, seconds=60, text='60 per 1 minute')

    Raises:
        UsageError: the text is not exactly one limit, or the limit is zero or its period out of range.
    """
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise UsageError(f"Invalid --rate-limit {text!r}: it is not one number of pictures per period.", hint=_HINT)
    pictures, multiple, unit = int(match[1]), int(match[2] or 1), match[3].lower()
    seconds = multiple * _UNITS[unit]
    if not pictures:
        raise UsageError(f"Invalid --rate-limit {text!r}: it allows nothing.", hint=_HINT)
    if not 0 < seconds <= _MAX_SECONDS:
        raise UsageError(f"Invalid --rate-limit {text!r}: its period is out of range.", hint=_HINT)
    return RateLimit(pictures=pictures, seconds=seconds, text=f"{pictures} per {multiple} {unit}")


def is_local_store(url: str) -> bool:
    """Return True if a store of rate limits is the memory of one process."""
    return url.lower().startswith("memory:")
