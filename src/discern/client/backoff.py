"""When to ask again: ever later, never all at once, and not for ever."""

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
    """How long one answer may still take, retries included.

    Waits double from `FIRST_SECONDS` to `MOST_SECONDS`, each shortened at random by up to a half, so that many askers
    who were refused together do not come back together (Brooker 2015, "Exponential Backoff And Jitter").

    Args:
        seconds: until the answer must be there.
        chance: what is random.
    """

    seconds: float
    chance: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._begun = time.monotonic()
        self._end = self._begun + self.seconds
        self._asked = 0

    @property
    def left(self) -> float:
        """Seconds that are left; never so few that nothing could be tried."""
        return max(self._end - time.monotonic(), _FEWEST_SECONDS)

    def pause(self, asked_for: float | None = None, *, within: float = math.inf) -> float | None:
        """Say how many seconds to wait before asking again; None: there is no time left to wait.

        Args:
            asked_for: the fewest seconds that the server named, if it did.
            within: seconds, from the first question on, after which this is no reason to wait any more.
        """
        longest = min(MOST_SECONDS, FIRST_SECONDS * 2**self._asked)
        self._asked += 1
        wait = longest * self.chance.uniform(0.5, 1)
        if asked_for is not None:
            wait = max(wait, asked_for + longest * self.chance.uniform(0, 0.5))
        return wait if time.monotonic() + wait < min(self._end, self._begun + within) else None


def read_retry_after(said: str | None) -> float | None:
    """Seconds that a `Retry-After` header names (RFC 9110, 10.2.3): a number, or a date; None where it names none.

    They are between 0 and a year's, however much is said.

    >>> read_retry_after("3"), read_retry_after("soon"), read_retry_after(None)
    (3.0, None, None)
    """
    if said is None:
        return None
    if said.strip().isdecimal():
        return min(float(said), _YEAR_SECONDS)
    try:
        then = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return min(max(0.0, (then - datetime.now(UTC)).total_seconds()), _YEAR_SECONDS)
