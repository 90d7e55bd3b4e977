"""Limits on the requests to each host: connections at a time, pauses, and an end after many failures."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from discern.collecting.downloads.download_error import DownloadError

PER_HOST = 2
"""Requests to one host at a time; not tuned: browsers use six."""

MOST_FAILURES = 6
"""Failed connections in a row after which a host is asked no more; not tuned."""


class HostLimits:
    """Limits on the requests to all hosts.

    Args:
        total: requests at a time, to all hosts together.
        per_host: requests to one host at a time.
    """

    def __init__(self, *, total: int, per_host: int = PER_HOST) -> None:
        self.per_host = per_host
        self._total = asyncio.Semaphore(total)
        self._hosts: defaultdict[str, _Host] = defaultdict(lambda: _Host(per_host))

    @asynccontextmanager
    async def slot(self, host: str, delay: float = 0.0) -> AsyncIterator[None]:
        """Context manager for one request, which waits until the host may be asked.

        Args:
            host: the host.
            delay: seconds between the beginnings of two requests to it.

        Raises:
            DownloadError: the host could not be reached several times in a row.
        """
        found = self._hosts[host]
        async with found.slots:
            found.require_reachable(host)
            await found.wait(delay)
            found.require_reachable(host)
            async with self._total:
                yield

    def pause(self, host: str, seconds: float) -> None:
        """Ask a host no more for some seconds."""
        found = self._hosts[host]
        found.next_start = max(found.next_start, time.monotonic() + seconds)

    def note_outcome(self, host: str, *, reached: bool) -> None:
        """Note whether a host could be reached."""
        found = self._hosts[host]
        found.failures = 0 if reached else found.failures + 1


class _Host:
    def __init__(self, slots: int) -> None:
        self.slots = asyncio.Semaphore(slots)
        self.next_start = 0.0
        self.failures = 0

    async def wait(self, delay: float) -> None:
        """Wait for the time of the next request, and set that of the one after it."""
        while (now := time.monotonic()) < self.next_start:
            await asyncio.sleep(self.next_start - now)
        self.next_start = max(self.next_start, now + delay)

    def require_reachable(self, host: str) -> None:
        if self.failures >= MOST_FAILURES:
            message = f"The host {host} could not be reached {self.failures} times in a row."
            raise DownloadError("host_unreachable", message, is_temporary=True)
