"""Histograms of a measure, and ranges of classes."""

import pytest

from discern.reporting.plots.distribution import measure_distributions
from discern.reporting.plots.histogram import count_ticks, histogram, range_track
from tests.unit.reporting.factories import parse_svg
from tests.unit.reporting.plots.sized import picture, sized_catalog


@pytest.fixture
def sizes():
    return measure_distributions(sized_catalog([picture("cat", size=size) for size in (100, 100, 1000, 10_000)]))[0]


def test_a_bar_is_as_high_as_its_number_of_pictures(sizes):
    bars = list(parse_svg(histogram(sizes)).iter("rect"))
    heights = [float(each.get("height")) for each in bars]
    assert len(bars) == 3
    assert heights[0] == pytest.approx(2 * heights[1], rel=0.01)
    assert bars[0].find("title").text.endswith("2 pictures")


def test_the_axes_are_named_with_their_units(sizes):
    texts = {each.text for each in parse_svg(histogram(sizes)).iter("text")}
    assert {"file size", "pictures", "100 B", "1 kB", "10 kB"} <= texts


@pytest.mark.parametrize("most", [1, 2, 5, 6, 37, 999, 1000, 1001, 2_500_000])
def test_counts_have_few_round_ticks(most):
    ticks = count_ticks(most)
    assert ticks[0] == 0
    assert ticks[-1] >= most
    assert len(ticks) <= 6
    assert all(tick == int(tick) for tick in ticks)


def test_a_range_is_drawn_on_the_axis_of_the_histogram(sizes):
    reach, span = parse_svg(range_track(sizes, sizes.by_class["cat"])).iter("line")
    ends = [float(reach.get(key).rstrip("%")) for key in ("x1", "x2")]
    assert ends == [pytest.approx(100 * sizes.place(value), abs=0.1) for value in (100, 10_000)]
    assert float(span.get("x1").rstrip("%")) >= ends[0]
