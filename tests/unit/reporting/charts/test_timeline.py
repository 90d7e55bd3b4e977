"""Confidence over time: pauses are found and drawn at a fixed width, and each point has its place."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from discern.reporting.charts.timeline import (
    MARKS,
    TimedPoint,
    TimeGap,
    describe_length,
    draw_mark,
    find_gaps,
    timeline,
)

START = datetime(2026, 11, 29, 10, tzinfo=UTC)


def times(*minutes: float) -> list[datetime]:
    return [START + timedelta(minutes=each) for each in minutes]


def points(*minutes: float) -> list[TimedPoint]:
    return [TimedPoint(time, 0.9, "accept") for time in times(*minutes)]


def test_a_long_pause_is_a_gap() -> None:
    found = find_gaps(times(0, 1, 2, 3, 600, 601))
    assert found == [TimeGap(*times(3, 600))]
    assert found[0].length == timedelta(minutes=597)


@pytest.mark.parametrize(
    "minutes",
    [
        (),
        (0,),
        (0, 600),
        (0, 0, 0, 0),
        (0, 10, 25, 30, 45),
        (0, 0.001, 0.002, 0.9),
        tuple(range(100)),
    ],
)
def test_usual_times_have_no_gap(minutes: tuple[float, ...]) -> None:
    assert find_gaps(times(*minutes)) == []


def test_both_sides_of_a_gap_are_seen() -> None:
    given = points(0, 1, 2, 60_000, 60_001, 60_002)
    chart = timeline(given, find_gaps([each.time for each in given]), lines=[])
    xs = [x for x, _ in chart.places]
    assert xs == sorted(xs)
    assert min(b - a for a, b in pairwise(xs)) > 10
    assert str(chart.drawing).count('class="gap"') == 1


def test_points_on_a_threshold_lie_on_its_line() -> None:
    chart = timeline(points(0, 5), [], lines=[("limit", 0.9, "plain threshold: 0.9"), ("accept-limit", 0.8, "ours")])
    line = re.search(r'<line [^>]*y1="([\d.]+)"[^>]*class="limit"', str(chart.drawing))
    assert line
    assert float(line[1]) == pytest.approx(chart.places[0][1], abs=0.06)
    assert "plain threshold: 0.9" in chart.drawing


def test_decisions_differ_in_shape() -> None:
    assert len(set(MARKS.values())) == len(MARKS) == 4
    given = [TimedPoint(START, 0.5, decision) for decision in MARKS]
    drawing = str(timeline(given, [], lines=[]).drawing)
    assert [kind for kind in ("accept", "review", "unknown", "plain") if f'class="mark {kind}"' not in drawing] == []
    assert 'class="mark review"' in draw_mark("review")


@pytest.mark.parametrize("minutes", [0.5, 50, 5_000, 500_000])
def test_labels_of_times_do_not_overlap(minutes: float) -> None:
    given = points(0, minutes * 0.4, minutes * 0.5, minutes)
    for gaps in ([], [TimeGap(given[0].time, given[1].time), TimeGap(given[2].time, given[3].time)]):
        drawing = str(timeline(given, gaps, lines=[]).drawing)
        xs = sorted(float(x) for x in re.findall(r'<line x1="([\d.]+)"[^>]*class="tick"', drawing))
        assert xs
        assert all(b - a >= 84 for a, b in pairwise(xs))
        labels = re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="(middle|end)"[^>]*>([\d: -]{5,})</text>', drawing)
        assert len(labels) >= len(xs)
        width = 6.4  # of a digit, by a browser
        edges = [
            (float(x) - len(text) * width * (0.5 if anchor == "middle" else 1), len(text) * width)
            for x, anchor, text in labels
        ]
        assert all(left + length < right for (left, length), (right, _) in pairwise(sorted(edges)))


def test_many_gaps_leave_room() -> None:
    given = points(*(100 * burst + minute for burst in range(40) for minute in range(5)))
    gaps = find_gaps([each.time for each in given])
    assert len(gaps) == 39
    assert str(timeline(given, gaps, lines=[]).drawing).count('class="gap"') == 6


def test_lengths_have_two_units() -> None:
    lengths = [timedelta(days=1, hours=2, minutes=3), timedelta(minutes=5), timedelta(seconds=0.2)]
    assert [describe_length(each).replace("\N{NO-BREAK SPACE}", " ") for each in lengths] == ["1 d 2 h", "5 min", "0 s"]


@pytest.mark.parametrize("seconds", [0, 0.001, 0.02, 0.6, 1, 1.5, 2, 45])
@pytest.mark.parametrize("after", [0, 0.1, 2, 20])
def test_no_label_of_times_is_repeated(seconds: float, after: float) -> None:
    """In a burst of seconds, and in two of them hours apart."""
    burst = [each * seconds / 600 for each in range(11)]
    given = points(*burst, *(60 * after + each for each in burst if after))
    gaps = [TimeGap(given[10].time, given[11].time)] if after else []
    drawing = str(timeline(given, gaps, lines=[]).drawing)
    labels = re.findall(r">([\d-]*[ \d]*\d\d:\d\d[\d:.]*)</text>", drawing)
    assert labels
    assert len(set(labels)) == len(labels)


def test_labels_have_fractions_of_seconds_where_they_are_needed() -> None:
    drawing = str(timeline(points(*(each / 600 for each in range(11))), [], lines=[]).drawing)
    assert re.findall(r">(\d\d:\d\d:[\d.]+)</text>", drawing) == [
        "10:00:00.0",
        "10:00:00.3",
        "10:00:00.6",
        "10:00:01.0",
    ]
