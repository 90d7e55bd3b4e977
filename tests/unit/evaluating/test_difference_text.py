"""Differences are stated in percentage points with their signs."""

from discern.evaluating import Interval
from discern.evaluating.difference_text import describe_points, format_points


def test_points_have_a_sign_and_no_negative_zero() -> None:
    assert [format_points(each) for each in (0.048, -0.012, -0.0001)] == ["+4.8", "-1.2", "0.0"]
    assert describe_points(Interval(value=-0.0001, low=-0.02, high=0.02)) == "0.0 points [-2.0, +2.0]"


def test_the_reason_stands_for_a_missing_interval() -> None:
    assert describe_points(Interval(note="no pictures")) == "no pictures"
    assert describe_points(Interval(value=0.1, note="too few groups")) == "+10.0 points, too few groups"
    assert describe_points(Interval(value=0.1)) == "+10.0 points, no interval"
