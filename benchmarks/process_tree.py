"""Process trees and their memory, read from /proc; Linux only."""

import contextlib
from pathlib import Path


def process_tree(process: int) -> list[int]:
    """Return a process id and those of all its descendants."""
    found = [process]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += process_tree(int(child))
    return found


def private_memory(process: int) -> int:
    """Return the anonymous resident memory of a process in bytes."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) << 10
    return 0
