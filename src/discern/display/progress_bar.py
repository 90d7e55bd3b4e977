"""Progress callback that draws bars in the place where Python runs."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from discern.display.notebook_bars import NotebookBars
from discern.display.terminal_bars import terminal_bars
from discern.progress import Progress, silent


@contextlib.contextmanager
def progress_bar() -> Iterator[Progress]:
    """Yield a progress callback that draws bars in a notebook or a terminal, and nothing elsewhere.

    It is for the `progress` argument of any function. In a notebook, the bars stay below the cell, with the time that
    each stage took; in a terminal, they are drawn on standard error and disappear at the end.

    Example: `with discern.progress_bar() as progress: discern.train("photos", progress=progress)`
    """
    if (display := _notebook_display()) is not None:
        with NotebookBars(display) as bars:
            yield bars
    elif sys.stderr is not None and sys.stderr.isatty():
        with terminal_bars() as progress:
            yield progress
    else:
        yield silent


def _notebook_display() -> Callable[..., Any] | None:
    """Return IPython's `display` if its kernel runs this process, as in Jupyter, VS Code and Colab."""
    # A notebook has loaded IPython, so nothing needs to be imported, nor installed elsewhere.
    ipython = sys.modules.get("IPython")
    if ipython is None or getattr(ipython.get_ipython(), "kernel", None) is None:
        return None
    display: Callable[..., Any] = ipython.display.display
    return display
