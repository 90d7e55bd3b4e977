"""Sliding-window counts in this process's memory, for a bounded number of clients."""

import time
from collections import OrderedDict
from math import floor

Window = tuple[int, float, int, float]
"""The counts of the previous and of the current window, each followed by the seconds until it is forgotten."""

_MAX_CLIENTS = 65_536  # not tuned: about 20 MB


class SlidingWindows:
    """Store of sliding-window counts for the clients seen last.

    It has the methods of a storage of `limits` that `RateLimiter` calls. The storage of `limits` itself keeps every
    client for two periods, and looks through all of them a hundred times a second.

    Args:
        max_clients: clients to remember; the one not seen for longest is forgotten first.
    """

    def __init__(self, max_clients: int = _MAX_CLIENTS) -> None:
        self._max_clients = max_clients
        self._counts: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count an amount if it fits into the limit."""
        previous, remaining, current, _ = self.get_sliding_window(key, expiry)
        if floor(previous * remaining / expiry + current) + amount > limit:
            return False
        self._counts[key] = int(time.monotonic() // expiry), previous, current + amount
        self._counts.move_to_end(key)
        if len(self._counts) > self._max_clients:
            self._counts.popitem(last=False)
        return True

    def get_sliding_window(self, key: str, expiry: int) -> Window:
        """Return the counts of a client."""
        number, elapsed = divmod(time.monotonic(), expiry)
        counted_in, previous, current = self._counts.get(key, (int(number), 0, 0))
        if counted_in < number:
            previous, current = (current if counted_in == number - 1 else 0), 0
        return previous, expiry - elapsed, current, 2 * expiry - elapsed
