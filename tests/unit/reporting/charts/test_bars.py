"""Interval plots, bars and the waffle chart."""

import pytest

from discern.evaluating import Interval
from discern.reporting import charts
from tests.unit.reporting.factories import parse_svg


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.9), (None, None)])
def test_an_interval_plot_has_a_bar_only_with_an_interval(low, high):
    svg = parse_svg(charts.interval_plot(Interval(value=0.75, low=low, high=high), start=0.5))
    kinds = [child.get("class") for child in svg]
    assert kinds == (["rail", "span", "dot"] if low is not None else ["rail", "dot"])
    assert svg.find("circle").get("cx") == "50.00%"


def test_an_undefined_metric_has_an_empty_plot():
    assert [child.get("class") for child in parse_svg(charts.interval_plot(Interval(value=None)))] == ["rail"]


def test_an_interval_plot_is_clipped_to_its_axis():
    svg = parse_svg(charts.interval_plot(Interval(value=0.1, low=0.0, high=1.0), start=0.5, end=0.9))
    assert svg.find("circle").get("cx") == "0.00%"
    assert svg.findall("line")[1].get("x2") == "100.00%"


def test_a_stacked_bar_is_as_long_as_its_values():
    pieces = list(parse_svg(charts.stacked_bar([30, 20], total=100)))
    assert [piece.get("width") for piece in pieces] == ["30.000%", "20.000%"]
    assert pieces[1].get("x") == "30.000%"
    assert next(iter(parse_svg(charts.stacked_bar([0], total=0)))).get("width") == "0.000%"


def test_a_target_is_marked():
    svg = parse_svg(charts.interval_plot(0.5, mark=0.9))
    assert next(each.get("x1") for each in svg.iter("line") if each.get("class") == "goal") == "90.00%"


def test_waffle_squares_differ_by_more_than_colour():
    svg = parse_svg(charts.waffle_chart([("right", 60), ("wrong", 3), ("review", 30), ("unknown", 7)], name="summary"))
    squares = [each.get("class") for each in svg.iter("rect")]
    assert (len(squares), squares.count("review")) == (100, 30)
    assert len([each for each in svg.iter("path") if each.get("class") == "cross"]) == 3
    assert [each.text for each in svg.iter("text")] == ["?"] * 7
    assert svg.get("aria-label") == "summary"


def test_paired_bars_are_as_long_as_their_shares():
    assert [each.get("width") for each in parse_svg(charts.paired_bars(0.25, 0.5))] == ["25.000%", "50.000%"]
