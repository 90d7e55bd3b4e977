"""Charts are well-formed SVG that says what was measured."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from discern.evaluating import Interval, LearningCurvePoint, ReliabilityBin, RiskCurveMetrics
from discern.reporting import charts


def parse(markup) -> ET.Element:
    return ET.fromstring(str(markup))


def test_text_and_attributes_are_escaped():
    element = parse(charts.tag("text", "<b> & co", aria_label='"x" <y>', class_="one", x=1.0, y=None))
    assert element.text == "<b> & co"
    assert element.attrib == {"aria-label": '"x" <y>', "class": "one", "x": "1"}


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.9), (None, None)])
def test_a_track_has_a_bar_only_where_there_is_an_interval(low, high):
    svg = parse(charts.interval_track(Interval(value=0.75, low=low, high=high), start=0.5))
    kinds = [child.get("class") for child in svg]
    assert kinds == (["rail", "span", "dot"] if low is not None else ["rail", "dot"])
    assert svg.find("circle").get("cx") == "50.00%"


def test_a_track_of_nothing_is_empty():
    assert [child.get("class") for child in parse(charts.interval_track(Interval(value=None)))] == ["rail"]


def test_a_track_stays_on_its_rail():
    svg = parse(charts.interval_track(Interval(value=0.1, low=0.0, high=1.0), start=0.5, end=0.9))
    assert svg.find("circle").get("cx") == "0.00%"
    assert svg.findall("line")[1].get("x2") == "100.00%"


def test_a_bar_is_as_long_as_its_values():
    pieces = list(parse(charts.stacked_bar([30, 20], total=100)))
    assert [piece.get("width") for piece in pieces] == ["30.000%", "20.000%"]
    assert pieces[1].get("x") == "30.000%"
    assert next(iter(parse(charts.stacked_bar([0], total=0)))).get("width") == "0.000%"


def test_a_reliability_curve_has_a_point_and_a_whisker_for_each_bin():
    bins = [
        ReliabilityBin(confidence=0.6, accuracy=0.5, low=0.4, high=0.6, pictures=20),
        ReliabilityBin(confidence=0.9, accuracy=0.95, pictures=1),
    ]
    svg = parse(charts.reliability_curve(bins))
    assert len(list(svg.iter("circle"))) == 2
    assert len([each for each in svg.iter("line") if each.get("class") == "whisker"]) == 1
    assert svg.get("role") == "img"
    assert "stated 60.0%, right 50.0%, 20 pictures" in [each.text for each in svg.iter("title")]


def test_scores_beyond_the_threshold_are_marked():
    svg = parse(charts.score_histogram(np.linspace(0, 1, 100), 0.8))
    kinds = [each.get("class") for each in svg.iter("rect")]
    assert kinds.index("beyond") > kinds.index("within")
    assert 0.1 < kinds.count("beyond") / len(kinds) < 0.3
    assert any(each.get("class") == "limit" for each in svg.iter("line"))


@pytest.mark.parametrize("scores", [[1.0], [2.0, 2.0, 2.0], [0.0, np.inf, np.nan, 5.0]])
def test_odd_scores_are_drawn_too(scores):
    svg = parse(charts.score_histogram(np.array(scores), None))
    assert not any(each.get("class") in ("limit", "beyond") for each in svg.iter())


def test_a_threshold_outside_the_scores_is_shown():
    svg = parse(charts.score_histogram(np.array([0.0, 1.0]), 5.0))
    limit = next(each for each in svg.iter("line") if each.get("class") == "limit")
    assert 0 < float(limit.get("x1")) < 340


def test_strangers_are_drawn_below_the_known():
    svg = parse(charts.score_histogram(np.linspace(0, 1, 100), 0.9, strangers=np.linspace(0.8, 2, 50)))
    bottoms = {each.get("y1") for each in svg.iter("line") if each.get("class") == "grid"}
    assert len(bottoms) == 2
    assert {"pictures of the known classes", "pictures of none of the classes"} <= {e.text for e in svg.iter("text")}


def test_a_goal_is_marked_on_its_track():
    svg = parse(charts.interval_track(0.5, mark=0.9))
    assert next(each.get("x1") for each in svg.iter("line") if each.get("class") == "goal") == "90.00%"


def test_a_hundred_squares_differ_by_more_than_colour():
    svg = parse(charts.hundred([("right", 60), ("wrong", 3), ("review", 30), ("unknown", 7)], name="told"))
    squares = [each.get("class") for each in svg.iter("rect")]
    assert (len(squares), squares.count("review")) == (100, 30)
    assert len([each for each in svg.iter("path") if each.get("class") == "cross"]) == 3
    assert [each.text for each in svg.iter("text")] == ["?"] * 7
    assert svg.get("aria-label") == "told"


def test_two_bars_are_as_long_as_their_shares():
    assert [each.get("width") for each in parse(charts.paired_bars(0.25, 0.5))] == ["25.000%", "50.000%"]


def test_a_promise_is_drawn_with_what_was_asked_and_chosen():
    curve = RiskCurveMetrics(share=(0.2, 0.5, 0.9), error=(0.0, 0.01, 0.2), high=(0.3, 0.04, 0.3))
    svg = parse(charts.promise_curve(curve, asked=0.05, chosen=(0.5, 0.01)))
    assert next(each.get("x1") for each in svg.iter("line") if each.get("class") == "chosen") == "260"
    assert "asked: at most 5\N{NO-BREAK SPACE}%" in [each.text for each in svg.iter("text")]
    assert [each.get("class") for each in svg.iter("polyline")] == ["bound", "route strong"]


def test_a_learning_curve_names_counts_that_do_not_run_into_each_other():
    points = [
        LearningCurvePoint(share=1.0, pictures=size, groups=size, accuracy=Interval(value=0.5 + size / 1000))
        for size in (10, 12, 14, 100)
    ]
    svg = parse(charts.learning_curve(points))
    assert len(list(svg.iter("circle"))) == 4
    assert [each.text for each in svg.iter("text") if (each.text or "").isdigit()] == ["14", "100"]


def test_a_heat_map_has_a_cell_for_each_count():
    confusion = np.diag(np.full(20, 10.0))
    confusion[3, 7] = 5
    svg = parse(charts.heat_map(confusion))
    right = "".join(each.get("d") for each in svg.iter("path") if each.get("class") == "right")
    wrong = "".join(each.get("d") for each in svg.iter("path") if each.get("class") == "wrong")
    assert right.count("M") == 20
    assert wrong == "M7 3h1v1h-1z"
    assert svg.get("viewBox") == "0 0 20 20"


def test_a_heat_map_of_131_classes_stays_small():
    confusion = np.random.default_rng(0).integers(0, 2, (131, 131)).astype(float)
    assert len(str(charts.heat_map(confusion))) < 200_000


def test_a_class_without_pictures_has_an_empty_row():
    assert not list(parse(charts.heat_map(np.zeros((16, 16)))).iter("path"))
