"""Progress bars that show the rate and the remaining time in the terminal."""

import contextlib
import time
from collections.abc import Iterator

from discern.progress import Progress


@contextlib.contextmanager
def terminal_bars() -> Iterator[Progress]:
    """Yield a callback that draws progress bars on standard error."""
    from rich.console import Console  # noqa: PLC0415 - takes as long as the whole command line, and scripts need no bars
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = ("{task.description:<10}", BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, tuple[TaskID, float]] = {}

        def progress(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = (bars.add_task(stage, total=total, rate=""), time.monotonic())
            task, start = tasks[stage]
            rate = done / max(time.monotonic() - start, 1e-3)
            bars.update(task, completed=done, total=total, rate=f"{rate:,.0f}/s" if done else "")

        yield progress
