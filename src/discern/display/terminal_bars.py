"""Progress bars that show the rate, the remaining time and the best result so far in the terminal."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from discern.progress import Progress


@contextlib.contextmanager
def terminal_bars() -> Iterator[Progress]:
    """Yield a callback that draws progress bars on standard error."""
    from rich.console import Console  # noqa: PLC0415 - takes as long as the whole command line, and scripts need no bars
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = ("{task.description:<10}", BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    more = (TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
    with Bars(*columns, *more, console=Console(stderr=True), transient=True) as bars:
        yield _TerminalBars(bars)


@dataclass
class _Stage:
    task: Any
    start: float
    first: int
    done: int


class _TerminalBars:
    """Progress callback that updates bars of rich."""

    def __init__(self, bars: Any) -> None:
        self._bars, self._stages = bars, dict[str, _Stage]()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Report the finished items of one stage; fewer than before start it once more."""
        now, own = time.monotonic(), self._stages.get(stage)
        if own is None:
            task = self._bars.add_task(stage, total=total, rate="", note="")
            own = self._stages[stage] = _Stage(task, now, done, done)
        elif done < own.done:
            self._bars.reset(own.task, total=total, completed=done, rate="", note="")
            own.start, own.first = now, done
        own.done = done
        self._bars.update(own.task, completed=done, total=total, rate=_rate(done - own.first, now - own.start))

    def note(self, stage: str, text: str) -> None:
        """Show a remark beside a stage."""
        if stage in self._stages:
            self._bars.update(self._stages[stage].task, note=text)


def _rate(done: int, seconds: float) -> str:
    """Format a rate.

    >>> _rate(300, 2), _rate(3, 8), _rate(0, 1)
    ('150/s', '0.38/s', '')
    """
    rate = done / max(seconds, 1e-3)
    return "" if not done else f"{rate:,.0f}/s" if rate >= 1 else f"{rate:.2f}/s"
