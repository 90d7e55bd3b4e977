"""Exponential backoff with jitter and a deadline for retries of HTTP requests."""

import math
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 0.25
MOST_SECONDS = 10.0
_FEWEST_SECONDS = 0.05
_YEAR_SECONDS = 31_536_000.0


@dataclass(kw_only=True)
class Backoff:
    """Exponential backoff with jitter that respects the deadline of an HTTP request.

    Waits double from `FIRST_SECONDS` to `MOST_SECONDS`, each shortened at random by up to one half, so that clients
    that were rejected together do not retry together (Brooker 2015, "Exponential Backoff And Jitter").

    Args:
        seconds: time until the deadline.
        rng: source of the jitter.
    """

    seconds: float
    rng: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._start = time.monotonic()
        self._end = self._start + self.seconds
        self._attempts = 0

    @property
    def left(self) -> float:
        """Return the seconds until the deadline, with a minimum that allows one attempt."""
        return max(self._end - time.monotonic(), _FEWEST_SECONDS)

    def pause(self, retry_after: float | None = None, *, within: float = math.inf) -> float | None:
        """Return the delay before the next attempt in seconds, or None if it exceeds the deadline.

        Args:
            retry_after: minimum wait that the server named, in seconds.
            within: deadline for this cause alone, in seconds since the first attempt.
        """
        longest = min(MOST_SECONDS, FIRST_SECONDS * 2**self._attempts)
        self._attempts += 1
        wait = longest * self.rng.uniform(0.5, 1)
        if retry_after is not None:
            wait = max(wait, retry_after + longest * self.rng.uniform(0, 0.5))
        return wait if time.monotonic() + wait < min(self._end, self._start + within) else None


def read_retry_after(header: str | None) -> float | None:
    """Parse the value of a `Retry-After` header and return the delay in seconds.

    The header holds a number of seconds or a date (RFC 9110, 10.2.3); any other value gives None. The result is clipped
    to [0, one year].

    >>> read_retry_after("3"), read_retry_after("soon"), read_retry_after(None)
    (3.0, None, None)
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return min(float(header), _YEAR_SECONDS)
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(0.0, (date - datetime.now(UTC)).total_seconds()), _YEAR_SECONDS)
