"""Charts of trials: each trial is drawn once, in its place, and described in words."""

import re
from itertools import pairwise

import pytest

from discern.evaluating.study_trials import State, TrialRow
from discern.reporting.charts.study_charts import (
    describe_trial,
    has_far_values,
    number_text,
    parallel_coordinates,
    study_history,
    value_ticks,
)


def trial(number: int, value: float | None, state: State = "done", **params: object) -> TrialRow:
    return TrialRow(number=number, state=state, value=value, params=params, is_default=number == 0)


TRIALS = [
    trial(0, 0.5, views=2, strength=10.0),
    trial(1, 0.4, views=1, strength=100.0),
    trial(2, None, "pruned", views=1, strength=1.0),
    trial(3, 0.6, views=2, strength=0.1, epochs=4),
    trial(4, None, "failed", views=2, strength=0.2),
]


def circles(chart: str) -> dict[int, tuple[float, float]]:
    found = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"[^>]*data-trial="(\d+)"', chart)
    return {int(number): (float(x), float(y)) for x, y, number in found}


def lines(chart: str) -> dict[int, list[tuple[float, float]]]:
    found = re.findall(r'<polyline points="([^"]+)" class="trial-line[^"]*" data-trial="(\d+)"', chart)
    return {
        int(number): [tuple(map(float, point.split(","))) for point in points.split()]  # type: ignore[misc]
        for points, number in found
    }


def drawn(**more: object) -> str:
    given = {"options": ["views", "strength", "epochs"], "logarithmic": ["strength"], "best": 1} | more
    return str(parallel_coordinates(TRIALS, measure="log loss", maximise=False, **given))  # type: ignore[arg-type]


def test_the_course_has_completed_trials_as_points_and_pruned_ones_as_crosses() -> None:
    chart = str(study_history(TRIALS, best=1, measure="log loss", maximise=False))
    places = circles(chart)
    assert set(places) == {0, 1, 3}
    assert places[0][0] < places[1][0] < places[3][0]
    assert places[1][1] > places[0][1] > places[3][1]
    assert chart.count("pruned-trial") == 1
    assert chart.count("chosen-trial") == 1
    assert "trial 0, the default options: log loss 0.5 with views 2, strength 10" in chart


def test_the_line_of_the_best_never_gets_worse() -> None:
    chart = str(study_history(TRIALS, best=1, measure="log loss", maximise=False))
    (points,) = re.findall(r'<polyline points="([^"]+)" class="route strong"', chart)
    heights = [float(point.split(",")[1]) for point in points.split()]
    assert heights == sorted(heights)
    upward = str(study_history(TRIALS, best=3, measure="accuracy", maximise=True))
    (points,) = re.findall(r'<polyline points="([^"]+)" class="route strong"', upward)
    heights = [float(point.split(",")[1]) for point in points.split()]
    assert heights == sorted(heights, reverse=True)


def test_a_value_far_off_does_not_press_the_others_together() -> None:
    many = [trial(number, 0.4 + 0.01 * number) for number in range(9)]
    before = circles(str(study_history(many, best=0, measure="log loss", maximise=False)))
    after = circles(str(study_history([*many, trial(9, 500.0)], best=0, measure="log loss", maximise=False)))
    assert before[8][1] < before[0][1]
    assert after[0][1] - after[8][1] > 50
    assert after[9][1] >= 12


def test_a_value_at_the_edge_is_marked_as_beyond_it() -> None:
    rows = [trial(number, 0.4 + 0.01 * number, views=number) for number in range(9)]
    assert not has_far_values(rows, maximise=False)
    rows.append(trial(9, 500.0, views=9))
    assert has_far_values(rows, maximise=False)
    chart = str(parallel_coordinates(rows, options=["views"], logarithmic=[], best=0, measure="loss", maximise=False))
    assert re.search(r">≥ 0\.5\d*<", chart)
    assert "≤" not in chart


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5], [0.0, 0.0], [1.0]])
def test_equal_values_can_be_drawn(values: list[float]) -> None:
    rows = [trial(number, value, views=1) for number, value in enumerate(values)]
    assert set(circles(str(study_history(rows, best=0, measure="accuracy", maximise=True)))) == set(range(len(values)))
    chart = str(parallel_coordinates(rows, options=["views"], logarithmic=[], best=0, measure="x", maximise=True))
    assert "nan" not in chart


def test_each_completed_trial_crosses_each_axis() -> None:
    chart = drawn()
    found = lines(chart)
    assert set(found) == {0, 1, 3}
    assert {len(points) for points in found.values()} == {4}
    assert "not used" in chart
    assert "epochs" in chart
    assert chart.count('class="trial-line best"') == 1


def test_a_logarithmic_axis_has_equal_factors_at_equal_distances() -> None:
    rows = [trial(number, 0.5, strength=10.0**number) for number in range(5)]
    chart = parallel_coordinates(
        rows, options=["strength"], logarithmic=["strength"], best=0, measure="x", maximise=False
    )
    heights = [points[0][1] for _, points in sorted(lines(str(chart)).items())]
    steps = [round(before - after, 1) for before, after in pairwise(heights)]
    assert len(set(steps)) == 1
    assert steps[0] > 0


def test_an_option_that_no_completed_trial_has_is_left_out() -> None:
    assert "dropout" not in drawn(options=["views", "dropout"])


def test_the_best_is_drawn_last_and_so_on_top() -> None:
    assert list(lines(drawn()))[-1] == 1


def test_a_trial_is_described() -> None:
    assert describe_trial(TRIALS[2], "log loss") == "trial 2: pruned with views 1, strength 1"
    assert describe_trial(trial(5, 0.25, mirror=True), "accuracy") == "trial 5: accuracy 0.25 with mirror yes"


def test_names_are_escaped() -> None:
    rows = [trial(0, 0.5, backbone="<b>"), trial(1, 0.4, backbone="a&b")]
    chart = str(parallel_coordinates(rows, options=["backbone"], logarithmic=[], best=1, measure="x", maximise=False))
    assert "<b>" not in chart
    assert "a&amp;b" in chart


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ((0.101, 0.149), [0.11, 0.12, 0.13, 0.14]),
        ((3.0, 49.0), [10, 20, 30, 40]),
    ],
)
def test_ticks_are_round(ends: tuple[float, float], expected: list[float]) -> None:
    assert value_ticks(*ends) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "text"), [(0.03124, "0.03124"), (12.0, "12"), (0.0000123, "1.23e-05"), (123456.0, "123,456")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number_text(value) == text
