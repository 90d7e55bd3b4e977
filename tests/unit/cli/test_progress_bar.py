"""Progress bars: drawn on a terminal alone."""

import io
import sys

import pytest

from discern.cli.progress_bar import progress_bar


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
