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


def memory(process: int) -> int:
    """Return the proportional set size of a process and its descendants, in MiB."""
    total = 0
    for each in process_tree(process):
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            total += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return total >> 10
