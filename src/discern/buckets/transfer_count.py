"""Counts of a transfer, which report its progress in megabytes."""

import threading
from dataclasses import dataclass, field

from discern.progress import Progress

_MB = 1_000_000


@dataclass
class TransferCount:
    """Counts of a transfer; its methods may be called in any thread.

    Attributes:
        stage: what is done, for the progress.
        progress: called with the stage, megabytes transferred, and all of them.
        total: bytes of all files.
        resumed: files that need not be transferred, as they are there.
        replaced: files that replace one with another content.
    """

    stage: str
    progress: Progress
    total: int
    resumed: int = 0
    replaced: int = 0
    _done: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.add(0)

    def add(self, count: int) -> None:
        """Report that some more bytes are there."""
        with self._lock:
            self._done += count
            total = -(-self.total // _MB)
            done = total if self._done >= self.total else self._done // _MB
            self.progress(f"{self.stage} (MB)", done, total)
