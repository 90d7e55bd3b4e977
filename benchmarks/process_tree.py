"""Which processes belong together; Linux only."""

import contextlib
from pathlib import Path


def family(process: int) -> list[int]:
    """A process and those that it began."""
    found = [process]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return found
