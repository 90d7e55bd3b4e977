"""Progress bars: drawn on a terminal or in a notebook alone."""

import contextlib
import io
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import pytest

from discern.display.progress_bar import progress_bar


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_no_bar_is_drawn_elsewhere(stream: io.StringIO | None) -> None:
    before, sys.stderr = sys.stderr, stream  # type: ignore[assignment]
    try:
        with progress_bar() as progress:
            progress("scan", 1, 2)
    finally:
        sys.stderr = before
    assert stream is None or stream.getvalue() == ""


def test_a_bar_is_drawn_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    before, sys.stderr = sys.stderr, Terminal()
    try:
        with progress_bar() as progress:
            progress("scan", 0, None)
            progress("scan", 5, 10)
            progress("features", 0, 10)
        drawn = sys.stderr.getvalue()
    finally:
        sys.stderr = before
    assert "scan" in drawn
    assert "features" in drawn


class Shell:
    """Stand-in for IPython's shell, with the kernel of a notebook or without."""

    def __init__(self, **attributes: object) -> None:
        vars(self).update(attributes)


@contextlib.contextmanager
def ipython(shell: Shell | None, shown: list[object]) -> Iterator[None]:
    """Let this process look as if IPython had started it."""

    def display(item: object, **_: object) -> SimpleNamespace:
        shown.append(item)
        return SimpleNamespace(update=shown.append)

    stand_in = ModuleType("IPython")
    vars(stand_in).update(get_ipython=lambda: shell, display=SimpleNamespace(display=display))
    assert "IPython" not in sys.modules
    sys.modules["IPython"] = stand_in
    try:
        yield
    finally:
        del sys.modules["IPython"]


def test_bars_are_shown_in_a_notebook() -> None:
    shown: list[object] = []
    with ipython(Shell(kernel=object()), shown), progress_bar() as progress:
        progress("scan", 1, 2)
    assert [type(item).__name__ for item in shown] == ["NotebookBars"] * 2
    assert repr(shown[-1]) == "scan: 1 of 2"


@pytest.mark.parametrize("shell", [None, Shell(), Shell(kernel=None)])
def test_a_script_or_terminal_that_loaded_ipython_is_no_notebook(shell: Shell | None) -> None:
    shown: list[object] = []
    with ipython(shell, shown), progress_bar() as progress:
        progress("scan", 1, 2)
    assert shown == []
