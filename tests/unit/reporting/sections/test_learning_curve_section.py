"""The learning curve and its advice."""

import xml.etree.ElementTree as ET

from discern.evaluating import Metrics
from discern.reporting.sections.learning_curve_section import advised, describe_growth
from tests.unit.reporting.factories import between, extras_for

LABELS = ("ash", "birch", "cedar")


def facts(**changes) -> Metrics:
    return Metrics.from_json({"learning_curve": extras_for(LABELS)["learning_curve"] | changes})


def test_points_and_advice():
    growth = describe_growth(facts())
    assert [(point.pictures, point.groups) for point in growth.points] == [("20", "18"), ("40", "36")]
    assert len(list(ET.fromstring(str(growth.curve)).iter("circle"))) == 2
    assert [(each.label, each.range) for each in growth.advice] == [("ash", "30 to 80")]
    assert growth.sentence.startswith("Twice")


def test_one_number_is_no_range():
    assert advised(facts(advice=[{"label": "ash", "fewest": 40, "most": 40}]))[0].range == "40"


def test_a_flat_curve_advises_nothing():
    assert describe_growth(facts(flat=True)).advice == ()


def test_no_curve_is_nothing():
    assert describe_growth(Metrics.from_json({})) is None
    assert describe_growth(Metrics.from_json({"learning_curve": None})) is None
    assert describe_growth(facts(points=[])) is None
    one = [{"share": 1.0, "pictures": 9, "groups": 9, "accuracy": between(0.5)}]
    assert describe_growth(facts(points=one)) is None
    assert advised(Metrics.from_json({})) == ()


def test_points_without_intervals_are_drawn():
    points = [{"share": each / 4, "pictures": 5 * each, "groups": 5, "accuracy": between(1.0)} for each in (1, 2, 4)]
    svg = ET.fromstring(str(describe_growth(facts(points=points)).curve))
    assert not any(each.get("class") == "whisker" for each in svg.iter())
