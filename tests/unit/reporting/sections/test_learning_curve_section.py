"""The learning curve and its advice."""

import xml.etree.ElementTree as ET

from discern.evaluating import Metrics
from discern.reporting.sections.learning_curve_section import collection_advice, describe_learning_curve
from tests.unit.reporting.factories import extras_for, interval_json

LABELS = ("ash", "birch", "cedar")


def metrics(**changes) -> Metrics:
    return Metrics.from_json({"learning_curve": extras_for(LABELS)["learning_curve"] | changes})


def test_points_and_advice():
    section = describe_learning_curve(metrics())
    assert [(point.pictures, point.groups) for point in section.points] == [("20", "18"), ("40", "36")]
    assert len(list(ET.fromstring(str(section.curve)).iter("circle"))) == 2
    assert [(each.label, each.range) for each in section.advice] == [("ash", "30 to 80")]
    assert section.sentence.startswith("Twice")


def test_advice_of_equal_ends_is_one_number():
    assert collection_advice(metrics(advice=[{"label": "ash", "fewest": 40, "most": 40}]))[0].range == "40"


def test_a_flat_curve_has_no_advice():
    assert describe_learning_curve(metrics(flat=True)).advice == ()


def test_no_curve_has_no_section():
    assert describe_learning_curve(Metrics.from_json({})) is None
    assert describe_learning_curve(Metrics.from_json({"learning_curve": None})) is None
    assert describe_learning_curve(metrics(points=[])) is None
    one = [{"share": 1.0, "pictures": 9, "groups": 9, "accuracy": interval_json(0.5)}]
    assert describe_learning_curve(metrics(points=one)) is None
    assert collection_advice(Metrics.from_json({})) == ()


def test_points_without_intervals_are_drawn():
    points = [
        {"share": each / 4, "pictures": 5 * each, "groups": 5, "accuracy": interval_json(1.0)} for each in (1, 2, 4)
    ]
    svg = ET.fromstring(str(describe_learning_curve(metrics(points=points)).curve))
    assert not any(each.get("class") == "whisker" for each in svg.iter())
