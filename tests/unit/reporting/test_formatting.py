"""Numbers as a person reads them."""

from typing import Any

import pytest

from discern.evaluating import Interval, PolicyMetrics
from discern.reporting import formatting


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "none")


@pytest.mark.parametrize(
    ("share", "digits", "told"),
    [
        (0.912, 1, "91.2 %"),
        (1.0, 1, "100 %"),
        (0.9999, 1, "99.9 %"),
        (0.999, 0, "99 %"),
        (0.0, 1, "0.0 %"),
        (None, 1, "none"),
    ],
)
def test_percent_never_rounds_up_to_all(share, digits, told):
    assert plain(formatting.percent(share, digits=digits)) == told


@pytest.mark.parametrize(
    ("share", "told"), [(0.048, "+4.8"), (-0.006, "-0.6"), (-0.0001, "0.0"), (0.0, "0.0"), (None, "none")]
)
def test_points_have_a_sign_where_there_is_one(share, told):
    assert plain(formatting.points(share)) == told


@pytest.mark.parametrize(("number", "told"), [(1234, "1,234"), (3.0, "3"), (2.5, "2.5"), (None, "none")])
def test_count(number, told):
    assert plain(formatting.count(number)) == told


@pytest.mark.parametrize(("number", "told"), [(1, "1 class"), (2, "2 classes"), (0, "0 classes")])
def test_plural(number, told):
    assert formatting.plural(number, "class", "classes") == told


def test_plural_adds_an_s_by_itself():
    assert formatting.plural(2, "picture") == "2 pictures"


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        ({"low": 0.889, "high": 0.931}, "88.9 to 93.1 %"),
        ({"low": 0.9, "high": 1.0}, "90.0 to 100 %"),
        ({"low": None, "high": None, "note": "too few for an interval"}, "too few for an interval"),
        ({}, "no interval"),
    ],
)
def test_interval(figure, told):
    assert plain(formatting.interval(Interval(**figure))) == told


@pytest.mark.parametrize(("length", "told"), [(1.26, "1.3 s"), (89, "89.0 s"), (125, "2 min 05 s"), (None, "none")])
def test_seconds(length, told):
    assert plain(formatting.seconds(length)) == told


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        ("2026-11-21T11:30:59Z", "2026-11-21 11:30 UTC"),
        ("2026-11-21T11:30:59.123456+00:00", "2026-11-21 11:30 UTC"),
        ("2026-11-21T11:30:59", "2026-11-21 11:30"),
        ("yesterday", "yesterday"),
    ],
)
def test_moment(stamp, told):
    assert formatting.moment(stamp) == told


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdefgh"), "a, b, c, d, e, f and 2 more"),
    ],
)
def test_listed(names, told):
    assert formatting.listed(names) == told


def test_decimal():
    assert formatting.decimal(0.12345) == "0.123"
    assert plain(formatting.decimal(None)) == "none"


def test_a_missing_part_is_empty():
    assert formatting.part(None, "a") == formatting.part({"a": None}, "a", "b") == formatting.part({"a": 3}, "a") == {}
    assert formatting.part({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}


def test_ends_of_what_is_no_share_are_plain_numbers():
    assert formatting.ends(Interval(low=0.2, high=1.25)) == "0.20 to 1.25"
    assert plain(formatting.ends(Interval(low=0.2, high=0.5), formatting.percent)) == "20.0 to 50.0 %"
    assert formatting.ends(Interval(note="too few")) == "too few"
    assert plain(formatting.steps(-0.5)) == "-0.50"


@pytest.mark.parametrize(
    ("policy", "often"),
    [
        ({"t_accept": None, "groups": 311, "wrong": 30, "max_error": 0.05}, True),
        ({"t_accept": None, "groups": 59, "wrong": 1, "max_error": 0.05}, False),
        ({"t_accept": None, "groups": 20, "wrong": 0, "max_error": 0.05}, False),
        ({"t_accept": 0.9, "groups": 10, "wrong": 3, "max_error": 0.05}, False),
        ({}, False),
    ],
)
def test_more_pictures_do_not_help_what_errs_too_often(policy: dict[str, Any], often: bool) -> None:
    assert formatting.errs_too_often(PolicyMetrics(**policy)) is often
