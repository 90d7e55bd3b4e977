"""Numbers, dates and lists as text."""

from typing import Any

import pytest

from discern.evaluating import CalibrationError, Interval, PolicyMetrics
from discern.reporting import formatting


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "none")


@pytest.mark.parametrize(
    ("share", "digits", "expected"),
    [
        (0.912, 1, "91.2 %"),
        (1.0, 1, "100 %"),
        (0.9999, 1, "99.9 %"),
        (0.999, 0, "99 %"),
        (0.0, 1, "0.0 %"),
        (None, 1, "none"),
    ],
)
def test_percent_is_never_rounded_up_to_100(share, digits, expected):
    assert plain(formatting.percent(share, digits=digits)) == expected


@pytest.mark.parametrize(
    ("share", "expected"), [(0.048, "+4.8"), (-0.006, "-0.6"), (-0.0001, "0.0"), (0.0, "0.0"), (None, "none")]
)
def test_percentage_points_have_a_sign(share, expected):
    assert plain(formatting.percentage_points(share)) == expected


@pytest.mark.parametrize(("number", "expected"), [(1234, "1,234"), (3.0, "3"), (2.5, "2.5"), (None, "none")])
def test_count(number, expected):
    assert plain(formatting.count(number)) == expected


@pytest.mark.parametrize(("number", "expected"), [(1, "1 class"), (2, "2 classes"), (0, "0 classes")])
def test_plural(number, expected):
    assert formatting.plural(number, "class", "classes") == expected


def test_plural_adds_an_s_by_default():
    assert formatting.plural(2, "picture") == "2 pictures"


@pytest.mark.parametrize(
    ("chance", "null95", "expected"),
    [
        (0.012, 0.03, "chance alone gives up to 3.0 %, 1.2 % on average"),
        (None, 0.03, "chance alone gives up to 3.0 %"),
        (0.012, None, "chance alone gives 1.2 % on average"),
        (None, None, ""),
    ],
)
def test_the_chance_level_of_a_calibration_error(chance, null95, expected):
    assert plain(formatting.chance_level(CalibrationError(value=0.02, chance=chance, null95=null95))) == expected


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ({"low": 0.889, "high": 0.931}, "88.9 to 93.1 %"),
        ({"low": 0.9, "high": 1.0}, "90.0 to 100 %"),
        ({"low": None, "high": None, "note": "too few for an interval"}, "too few for an interval"),
        ({}, "no interval"),
    ],
)
def test_percent_interval(interval, expected):
    assert plain(formatting.percent_interval(Interval(**interval))) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(1.26, "1.3 s"), (89, "89.0 s"), (125, "2 min 05 s"), (None, "none")]
)
def test_duration(seconds, expected):
    assert plain(formatting.duration(seconds)) == expected


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2026-11-21T11:30:59Z", "2026-11-21 11:30 UTC"),
        ("2026-11-21T11:30:59.123456+00:00", "2026-11-21 11:30 UTC"),
        ("2026-11-21T11:30:59", "2026-11-21 11:30"),
        ("yesterday", "yesterday"),
    ],
)
def test_timestamp(stamp, expected):
    assert formatting.timestamp(stamp) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdefgh"), "a, b, c, d, e, f and 2 more"),
    ],
)
def test_join_names(names, expected):
    assert formatting.join_names(names) == expected


def test_three_decimals():
    assert formatting.three_decimals(0.12345) == "0.123"
    assert plain(formatting.three_decimals(None)) == "none"


def test_a_missing_key_gives_an_empty_mapping():
    assert (
        formatting.nested(None, "a")
        == formatting.nested({"a": None}, "a", "b")
        == formatting.nested({"a": 3}, "a")
        == {}
    )
    assert formatting.nested({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}


def test_interval_text():
    assert formatting.interval_text(Interval(low=0.2, high=1.25)) == "0.20 to 1.25"
    assert plain(formatting.interval_text(Interval(low=0.2, high=0.5), formatting.percent)) == "20.0 to 50.0 %"
    assert formatting.interval_text(Interval(note="too few")) == "too few"
    assert plain(formatting.two_decimals(-0.5)) == "-0.50"


@pytest.mark.parametrize(
    ("policy", "exceeded"),
    [
        ({"t_accept": None, "groups": 311, "wrong": 30, "max_error": 0.05}, True),
        ({"t_accept": None, "groups": 59, "wrong": 1, "max_error": 0.05}, False),
        ({"t_accept": None, "groups": 20, "wrong": 0, "max_error": 0.05}, False),
        ({"t_accept": None, "groups": 610, "wrong": 12, "picture_error": 0.3, "max_error": 0.05}, True),
        ({"t_accept": 0.9, "groups": 10, "wrong": 3, "max_error": 0.05}, False),
        ({}, False),
    ],
)
def test_more_pictures_do_not_help_if_the_error_limit_is_exceeded(policy: dict[str, Any], exceeded: bool) -> None:
    assert formatting.exceeds_error_limit(PolicyMetrics(**policy)) is exceeded
