"""Rate limits for each client of the HTTP server, based on a sliding window."""

import asyncio
import re
import time
from typing import cast

from limits import RateLimitItem, WindowStats, parse
from limits.storage import Storage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from discern.errors import Overloaded, RateExceeded, UsageError


class RateLimiter:
    """Rate limiter that counts the requests of each client in a sliding window.

    Args:
        limit: requests per period, such as "60/minute".
        store: URL of a store that several workers share, such as "redis://..."; None for this process's memory.

    Raises:
        UsageError: the limit or the store is invalid.
    """

    def __init__(self, limit: str, *, store: str | None = None) -> None:
        self._limit = _parse_limit(limit)
        self._limiter = SlidingWindowCounterRateLimiter(_open_store(store or "memory://"))
        self._is_remote = store is not None

    async def count(self, client: str) -> None:
        """Count a request and check it against the rate limit of its client.

        Raises:
            RateExceeded: the client is above its limit.
            Overloaded: the store cannot be reached.
        """
        try:
            # A remote store blocks, so it is called outside the event loop.
            window = await asyncio.to_thread(self._hit, client) if self._is_remote else self._hit(client)
        except Exception as error:
            raise Overloaded("The rate limit cannot be checked at the moment.", hint="Retry in a moment.") from error
        if window is None:
            return
        raise RateExceeded(
            f"Rate limit exceeded: {self._limit}.",
            hint="Wait as long as Retry-After states, or ask for a higher limit.",
            retry_after=max(1.0, window.reset_time - time.time()),
        )

    def _hit(self, client: str) -> WindowStats | None:
        if self._limiter.hit(self._limit, client):
            return None
        return self._limiter.get_window_stats(self._limit, client)


def _parse_limit(limit: str) -> RateLimitItem:
    try:
        return parse(limit)
    except ValueError as error:
        raise UsageError(f"Invalid --rate-limit {limit!r}: {error}.", hint="Write it like 60/minute.") from error


def _open_store(url: str) -> Storage:
    try:
        return cast("Storage", storage_from_string(url))
    except Exception as error:
        missing = re.match(r"'(\w+)' prerequisite", str(error))
        hint = f"Install its client: pip install {missing[1]}." if missing else "Write it like redis://HOST:6379."
        raise UsageError(f"--rate-store {url!r} cannot be used: {error}.", hint=hint) from error
