"""Reliability, risk and learning curves."""

from discern.evaluating import Interval, LearningCurvePoint, ReliabilityBin, RiskCurveMetrics
from discern.reporting import charts
from tests.unit.reporting.factories import parse_svg


def test_a_reliability_curve_has_a_point_and_a_whisker_for_each_bin():
    bins = [
        ReliabilityBin(confidence=0.6, accuracy=0.5, low=0.4, high=0.6, pictures=20),
        ReliabilityBin(confidence=0.9, accuracy=0.95, pictures=1),
    ]
    svg = parse_svg(charts.reliability_curve(bins))
    assert len(list(svg.iter("circle"))) == 2
    assert len([each for each in svg.iter("line") if each.get("class") == "whisker"]) == 1
    assert svg.get("role") == "img"
    assert "confidence 60.0%, correct 50.0%, 20 pictures" in [each.text for each in svg.iter("title")]


def test_a_risk_curve_marks_the_error_limit_and_the_policy():
    curve = RiskCurveMetrics(share=(0.2, 0.5, 0.9), error=(0.0, 0.01, 0.2), high=(0.3, 0.04, 0.3))
    svg = parse_svg(charts.risk_curve(curve, max_error=0.05, chosen=(0.5, 0.01)))
    assert next(each.get("x1") for each in svg.iter("line") if each.get("class") == "chosen") == "260"
    assert "error limit: 5\N{NO-BREAK SPACE}%" in [each.text for each in svg.iter("text")]
    assert [each.get("class") for each in svg.iter("polyline")] == ["bound", "route strong"]


def test_tick_labels_of_a_learning_curve_do_not_overlap():
    points = [
        LearningCurvePoint(share=1.0, pictures=size, groups=size, accuracy=Interval(value=0.5 + size / 1000))
        for size in (10, 12, 14, 100)
    ]
    svg = parse_svg(charts.learning_curve(points))
    assert len(list(svg.iter("circle"))) == 4
    assert [each.text for each in svg.iter("text") if (each.text or "").isdigit()] == ["14", "100"]
