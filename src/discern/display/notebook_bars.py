"""Progress bars below the cell of a notebook."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from discern.display.html_card import ACCENT, GREY, escape_text

# Not tuned: seldom enough for a browser on the other side of a network.
_SECONDS_BETWEEN = 0.1


@dataclass
class _Stage:
    name: str
    start: float
    done: int = 0
    total: int | None = None
    end: float | None = None
    note: str = ""


class NotebookBars:
    """Progress callback that updates one display of a notebook with a bar for each stage.

    Args:
        display: IPython's `display`, or a function like it: called with an object that has `_repr_html_` and
            `display_id=True`, it returns a handle with `update(object)`.
        clock: returns the time in seconds.
    """

    def __init__(self, display: Callable[..., Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._display, self._clock = display, clock
        self._handle: Any = None
        self._stages: list[_Stage] = []
        self._current: _Stage | None = None
        self._shown = 0.0
        self._failed = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._failed = kind is not None
        with self._lock:
            if self._current is not None:
                self._current.end = self._clock()
                self._show()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Report the finished items of one stage, as `discern.progress.Progress`."""
        with self._lock:
            own = self._enter(stage)
            is_new = done == 0 or self._handle is None
            own.done, own.total = done, total
            if is_new or done == total or self._clock() - self._shown >= _SECONDS_BETWEEN:
                self._show()

    def note(self, stage: str, text: str) -> None:
        """Show a remark beside a stage from its next report on."""
        with self._lock:
            self._enter(stage).note = text

    def _enter(self, name: str) -> _Stage:
        """Return the stage of a name, which becomes the current one; the former one ends."""
        if self._current is None or self._current.name != name:
            now = self._clock()
            if self._current is not None:
                self._current.end = now
            found = next((each for each in self._stages if each.name == name), None)
            if found is None:
                found = _Stage(name, now)
                self._stages.append(found)
            found.end = None
            self._current = found
        return self._current

    def _show(self) -> None:
        self._shown = self._clock()
        if self._handle is None:
            self._handle = self._display(self, display_id=True)
        else:
            self._handle.update(self)

    def __repr__(self) -> str:
        return "\n".join(f"{each.name}: {_count(each)}".removesuffix(": ") for each in self._stages)

    def _repr_html_(self) -> str:
        rows = "".join(self._row(each, failed=self._failed and each is self._current) for each in self._stages)
        return (
            '<div style="display:grid;grid-template-columns:max-content minmax(6em,18em) max-content max-content;'
            f'gap:2px 14px;align-items:center;font:13px/1.5 system-ui,sans-serif;color:inherit">{rows}</div>'
        )

    def _row(self, stage: _Stage, *, failed: bool) -> str:
        finished = stage.end is not None
        share = 100 * min(1.0, stage.done / stage.total) if stage.total else 100.0 * finished
        seconds = (self._clock() if stage.end is None else stage.end) - stage.start
        mark = "✗" if failed else "✓" if finished else "…"
        bar = (
            f'<div style="background:{GREY};border-radius:3px"><div style="width:{share:.1f}%;height:6px;'
            f'border-radius:3px;background:{ACCENT}"></div></div>'
        )
        cells = (f"{mark} {escape_text(stage.name)}", bar, _count(stage), _time(stage, seconds))
        return "".join(f'<div style="min-width:0">{cell}</div>' for cell in cells)


def _count(stage: _Stage) -> str:
    if stage.total is None:
        return f"{stage.done:,}" if stage.done else ""
    return f"{stage.done:,} of {stage.total:,}"


def _time(stage: _Stage, seconds: float) -> str:
    rate = f", {stage.done / seconds:,.0f}/s" if stage.done > 1 and seconds > 0 else ""
    return f"{seconds:.1f} s{rate}{escape_text(f', {stage.note}') if stage.note else ''}"
