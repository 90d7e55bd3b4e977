"""Lock of a journal of trials, which the end of a process releases, however it ends."""

import os
from pathlib import Path

from filelock import FileLock


class JournalLock:
    """Lock of a journal for Optuna, which also removes what a killed process has not written to the end.

    Optuna's own locks stay behind when a process is killed, and others then wait for half a minute. A line that breaks
    off would make the journal unreadable once another line follows.

    Args:
        journal: the file.
    """

    def __init__(self, journal: Path) -> None:
        self._journal, self._lock = journal, FileLock(f"{journal}.lock")

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._lock.acquire()
        _remove_torn_line(self._journal)
        return True

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()


def _remove_torn_line(journal: Path) -> None:
    if not journal.exists():
        return
    with journal.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        start = size
        tail = b""
        while start and b"\n" not in tail:
            length = min(4096, start)
            start -= length
            file.seek(start)
            tail = file.read(length) + tail
            if start + len(tail) == size and tail.endswith(b"\n"):
                return
        if size:
            file.truncate(start + tail.rfind(b"\n") + 1)
