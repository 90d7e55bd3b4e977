"""Process trees, read from /proc; Linux only."""

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
