"""Progress in a notebook: one display, updated seldom, that says what ended and what failed."""

import pytest

from discern.display.notebook_bars import NotebookBars
from discern.progress import note, silent
from tests.unit.display.shown import read_html


class Screen:
    """Stand-in for IPython's `display` and its handle, which keeps what it was given."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.displays = 0

    def display(self, item: NotebookBars, *, display_id: bool) -> "Screen":
        assert display_id
        self.displays += 1
        self.update(item)
        return self

    def update(self, item: NotebookBars) -> None:
        self.shown.append(item._repr_html_())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_stages_are_one_display_in_their_order() -> None:
    screen, clock = Screen(), Clock()
    with NotebookBars(screen.display, clock) as bars:
        bars("scan", 0, None)
        clock.now = 2
        bars("features", 0, 40)
        clock.now = 4
        bars("features", 40, 40)
        clock.now = 5
    assert screen.displays == 1
    page = read_html(screen.shown[-1])
    assert page.text.index("✓ scan") < page.text.index("✓ features") < page.text.index("40 of 40")
    assert "2.0 s" in page.text
    assert "3.0 s, 13/s" in page.text
    assert str(bars) == "scan\nfeatures: 40 of 40"


def test_many_reports_are_few_updates() -> None:
    screen, clock = Screen(), Clock()
    with NotebookBars(screen.display, clock) as bars:
        for done in range(10_001):
            clock.now += 0.0001
            bars("scan", done, 10_000)
    assert 3 <= len(screen.shown) <= 20
    assert "10,000 of 10,000" in screen.shown[-1]


def test_a_bar_is_as_long_as_its_share() -> None:
    screen, clock = Screen(), Clock()
    with NotebookBars(screen.display, clock) as bars:
        bars("scan", 0, 4)
        clock.now = 1
        bars("scan", 1, 4)
        assert "width:25.0%" in screen.shown[-1]
        assert "… scan" in screen.shown[-1]


def test_a_stage_that_goes_on_keeps_its_row_and_its_start() -> None:
    screen, clock = Screen(), Clock()
    with NotebookBars(screen.display, clock) as bars:
        for clock.now, stage in enumerate(("read", "predict", "read", "predict")):
            bars(stage, int(clock.now), None)
    text = read_html(screen.shown[-1]).text
    assert (text.count("read"), text.count("predict")) == (1, 1)
    assert "✓ predict" in text


def test_a_failure_is_marked() -> None:
    screen = Screen()

    def fail() -> None:
        with NotebookBars(screen.display, Clock()) as bars:
            bars("scan", 0, None)
            bars("features", 1, 2)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert "✓ scan" in screen.shown[-1]
    assert "✗ features" in screen.shown[-1]


def test_names_are_escaped_and_nothing_is_shown_without_reports() -> None:
    screen = Screen()
    with NotebookBars(screen.display, Clock()):
        pass
    assert screen.displays == 0
    with NotebookBars(screen.display, Clock()) as bars:
        bars("<b>scan", 0, None)
    assert "&lt;b&gt;scan" in screen.shown[-1]


def test_a_remark_stays_beside_its_stage() -> None:
    screen, clock = Screen(), Clock()
    with NotebookBars(screen.display, clock) as bars:
        bars("fit", 0, 10)
        note(bars, "fit", "best loss < 0.5")
        clock.now = 2
        bars("fit", 10, 10)
        clock.now = 3
        bars("pack", 0, 1)
    text = read_html(screen.shown[-1]).text
    assert text.index("fit") < text.index("best loss < 0.5") < text.index("pack")
    assert "<" not in screen.shown[-1].partition("best loss ")[2][:3], "text is escaped"


def test_a_callback_without_remarks_is_left_alone() -> None:
    note(silent, "fit", "best loss 0.5")
