"""Rate limits for each client of the HTTP server, based on a sliding window."""

import asyncio
import re
from typing import Any

from limits.storage import storage_from_string

from discern.errors import Overloaded, RateExceeded, RequestTooLarge, UsageError
from discern.serving.rate_limit import RateLimit, is_local_store, parse_rate_limit
from discern.serving.web.sliding_windows import SlidingWindows, Window

_METHODS = ("acquire_sliding_window_entry", "get_sliding_window")
_PREFIX = "discern"


class RateLimiter:
    """Rate limiter that counts the pictures of each client in a sliding window.

    Args:
        limit: pictures per period, such as "60/minute".
        store: URL of a store that several workers share, such as "redis://..."; None for this process's memory.

    Raises:
        UsageError: the limit or the store is invalid.
    """

    def __init__(self, limit: str, *, store: str | None = None) -> None:
        self._limit = parse_rate_limit(limit)
        self._is_remote = store is not None and not is_local_store(store)
        self._store = _open_store(store) if store and self._is_remote else SlidingWindows()

    async def count(self, client: str, pictures: int = 1, *, already_counted: int = 0) -> None:
        """Count the pictures of a request and check them against the rate limit of its client.

        Args:
            client: the client.
            pictures: the pictures, or 1 for a request whose pictures are not known.
            already_counted: those that an earlier call counted.

        Raises:
            RateExceeded: the client is above its limit; nothing is counted.
            RequestTooLarge: these are more pictures than the limit ever allows.
            Overloaded: the store cannot be reached.
        """
        if pictures > self._limit.pictures:
            raise _too_many(pictures, self._limit)
        more = pictures - already_counted
        try:
            # A remote store blocks, so it is called outside the event loop.
            window = await asyncio.to_thread(self._hit, client, more) if self._is_remote else self._hit(client, more)
        except Exception as error:
            raise Overloaded("The rate limit cannot be checked at the moment.", hint="Retry in a moment.") from error
        if window is None:
            return
        raise RateExceeded(
            f"Rate limit exceeded: {self._limit}.",
            hint="Wait as long as Retry-After states, or ask for a higher limit.",
            retry_after=max(1.0, _seconds_until(window, self._limit, pictures)),
        )

    def _hit(self, client: str, pictures: int) -> Window | None:
        """Count pictures and return None, or return the counts of a client that is above its limit."""
        limit, key = self._limit, f"{_PREFIX}/{client}/{self._limit.pictures}/{self._limit.seconds}"
        if self._store.acquire_sliding_window_entry(key, limit.pictures, limit.seconds, pictures):
            return None
        window: Window = self._store.get_sliding_window(key, limit.seconds)
        return window


def _seconds_until(window: Window, limit: RateLimit, pictures: int) -> float:
    """Return the seconds until a number of pictures is allowed, if the client sends none meanwhile."""
    previous, previous_left, current, current_left = window
    left = max(0.0, current_left - limit.seconds) if current else previous_left
    room = limit.pictures + 1 - pictures  # the weighted count must fall below it
    if current < room:  # while the previous window still counts
        return max(0.0, left - (room - current) * limit.seconds / previous) if previous else 0.0
    return left + limit.seconds * (1 - room / current)


def _too_many(pictures: int, limit: RateLimit) -> RequestTooLarge:
    return RequestTooLarge(
        f"The request has {pictures} pictures, and the rate limit is {limit}: it can never be accepted.",
        hint=f"Send at most {limit.pictures} pictures at once.",
    )


def _open_store(url: str) -> Any:
    if url.startswith("async+"):
        raise UsageError(f"--rate-store {url!r} cannot be used: it is asynchronous.", hint="Leave out async+.")
    try:
        store = storage_from_string(url)
    except Exception as error:
        missing = re.match(r"'(\w+)' prerequisite", str(error))
        hint = f"Install its client: pip install {missing[1]}." if missing else "Write it like redis://HOST:6379."
        raise UsageError(f"--rate-store {url!r} cannot be used: {error}.", hint=hint) from error
    if not all(hasattr(store, method) for method in _METHODS):
        raise UsageError(f"--rate-store {url!r} cannot be used: it has no sliding windows.", hint="Use redis://HOST.")
    return store
