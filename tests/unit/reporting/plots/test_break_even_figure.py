"""Figure of costs by answers a day: all of it within its frame."""

import re

import pytest

from discern.reporting.plots.break_even_figure import CostLine, Crossing, draw_break_even
from discern.reporting.plots.slide import WIDTH

LINES = [
    CostLine(name="lambda-x86", points=[(10, 0.001), (1e4, 1.0), (1e7, 1000.0)]),
    CostLine(name="small-server", points=[(10, 5.0), (1e4, 5.0), (1e7, 2e6)]),
]


def draw(current: float = 5000, crossings: list[Crossing] | None = None) -> str:
    return draw_break_even(LINES, crossings or [], title="Costs", under="Under.", current=current)


def test_the_lines_are_named_and_the_crossing_is_marked() -> None:
    svg = draw(crossings=[Crossing(answers=50_000, dollars=5)])
    assert svg.count("<polyline") == 2
    assert ">small-server</text>" in svg
    assert "50,000 answers a day, $5.00 a month" in svg


def test_labels_of_large_amounts_are_short() -> None:
    labels = re.findall(r">(\$[^<]*)</text>", draw())
    assert labels == ["$0.01", "$0.10", "$1", "$10", "$100", "$1,000", "$10,000", "$100 k", "$1 m", "$10 m"]


@pytest.mark.parametrize("current", [10, 5000, 1e7])
def test_the_current_number_is_within_the_frame(current: float) -> None:
    [at] = re.findall(r'<line x1="([\d.]+)"[^>]*stroke-dasharray', draw(current))
    assert 60 < float(at) < 0.8 * WIDTH
