"""Limits on the bytes of request bodies that are held in memory: in total, and for each client's network."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from discern.errors import Overloaded

_STALLED_SECONDS = 1.0  # not tuned: longer than the pauses of a client that is busy with other connections
_PROGRESS_BYTES = 4096  # not tuned: fewer bytes do not count as progress


@dataclass(kw_only=True, eq=False)
class HeldBody:
    """Body of one request, and whatever else is held for it.

    Attributes:
        network: the client's network.
        size: bytes that count as held.
        deadline: the timeout of the wait for the next part of the body; None unless it is being waited for.
        is_evicted: whether the request was rejected to make room for another one.
    """

    network: str
    size: int = 0
    deadline: asyncio.Timeout | None = None
    is_evicted: bool = False
    _progressed: float = field(default_factory=time.monotonic)
    _unmarked: int = 0

    def add(self, size: int) -> None:
        """Add bytes to the body, and note the time if they are enough to count as progress."""
        self.size += size
        self._unmarked += size
        if self._unmarked >= _PROGRESS_BYTES:
            self._progressed, self._unmarked = time.monotonic(), 0

    def stalled_since(self, now: float) -> float | None:
        """Return the time of the last progress, or None if the body is complete or makes progress."""
        is_stalled = self.deadline is not None and now - self._progressed >= _STALLED_SECONDS
        return self._progressed if is_stalled else None

    def evict(self) -> None:
        """End the wait for the next part of the body."""
        self.is_evicted = True
        if self.deadline is not None:
            self.deadline.reschedule(asyncio.get_running_loop().time())


class HeldBytes:
    """Bytes of all request bodies that are held in memory, with a limit, of which each network can use a half.

    Bytes above a limit replace the body that has waited for its client for longest, of the same network if that has its
    share, else of the network that holds most.

    Args:
        max_bytes: bytes held, at most.

    Attributes:
        total: bytes held.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._share = max_bytes // 2
        self._bodies: set[HeldBody] = set()
        self._networks: Counter[str] = Counter()
        self.total = 0

    def hold(self, body: HeldBody, size: int) -> None:
        """Count bytes of a body as held.

        Raises:
            Overloaded: there is no room for them.
        """
        self._bodies.add(body)
        self._networks[body.network] += size
        self.total += size
        body.add(size)
        while self._networks[body.network] > self._share:
            self._evict([each for each in self._bodies if each is not body and each.network == body.network])
        while self.total > self._max_bytes:
            self._evict([each for each in self._bodies if each is not body])

    def release(self, body: HeldBody) -> None:
        """Stop counting the bytes of a body."""
        self._bodies.discard(body)
        self._networks[body.network] -= body.size
        self.total -= body.size
        if not self._networks[body.network]:
            del self._networks[body.network]
        body.size = 0

    def _evict(self, bodies: list[HeldBody]) -> None:
        now = time.monotonic()
        stalled = [(since, each) for each in bodies if (since := each.stalled_since(now)) is not None]
        if not stalled:
            raise overloaded()
        _, oldest = min(stalled, key=lambda pair: (-self._networks[pair[1].network], pair[0]))
        self.release(oldest)
        oldest.evict()


def overloaded() -> Overloaded:
    """Build the error of a request for which there is no room."""
    return Overloaded("The server is overloaded.", hint="Retry in a moment.")
