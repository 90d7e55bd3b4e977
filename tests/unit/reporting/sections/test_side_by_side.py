"""Tables of models side by side."""

import numpy as np

from discern.evaluating import Interval, Metrics
from discern.reporting.sections.side_by_side import (
    ClassDifference,
    SideBySide,
    class_differences,
    count_all_wrong,
    is_clear,
    model_row,
)
from tests.unit.reporting.factories import interval_json, metrics_for, predictions_for

CLEAR, CHANCE = Interval(value=0.2, low=0.1, high=0.3), Interval(value=-0.1, low=-0.3, high=0.1)


def test_classes_of_the_largest_difference_are_first(catalog):
    metrics = Metrics.from_json(metrics_for(catalog, predictions_for(catalog)))
    differences = {"ash": CHANCE, "birch": CLEAR, "cedar": Interval(note="no pictures")}
    rows = class_differences(metrics, [differences])
    assert [(row.label, row.differences) for row in rows] == [
        ("birch", (("+20.0", "+10.0 to +30.0", True),)),
        ("ash", (("\N{MINUS SIGN}10.0", "\N{MINUS SIGN}30.0 to +10.0", False),)),
    ]


def test_a_model_is_a_row(catalog):
    metrics = Metrics.from_json(metrics_for(catalog, predictions_for(catalog)))
    row = model_row("b", "/b.discern", metrics, CLEAR, alone=3)
    assert (row.difference, row.clear, row.alone, row.error, row.no_better) == ("+20.0", True, "3", ("", ""), False)
    assert model_row("a", "/a.discern", metrics, None, alone=0).difference == ""


def test_a_model_that_is_no_better_than_a_constant_is_marked(catalog):
    plain = metrics_for(catalog, predictions_for(catalog))
    counts = {"mae": interval_json(1.4, 1.3, 1.5), "constant_mae": interval_json(1.2), "gain": interval_json(-0.2)}
    row = model_row("b", "/b.discern", Metrics.from_json(plain | {"counts": counts}), None, alone=0)
    assert (row.error, row.no_better) == (("1.40", "1.30 to 1.50"), True)


def test_a_difference_without_an_interval_is_not_clear():
    assert is_clear(CLEAR)
    assert not is_clear(CHANCE)
    assert not is_clear(Interval(value=0.5))


def test_pictures_that_every_model_gets_wrong_are_counted():
    assert count_all_wrong([np.array([True, False, False]), np.array([False, False, True])]) == 1


def test_classes_without_a_difference_are_not_in_the_main_table(catalog):
    metrics = Metrics.from_json(metrics_for(catalog, predictions_for(catalog)))
    even = Interval(value=0.0, low=-0.1, high=0.1)
    shown = _side_by_side(class_differences(metrics, [{"ash": even, "birch": CLEAR}]))
    assert [row.label for row in shown.main_classes] == ["birch"]
    assert [row.label for row in shown.other_classes] == ["ash"]
    same = _side_by_side(class_differences(metrics, [{"ash": even, "birch": even}]))
    assert same.main_classes == ()
    assert len(same.other_classes) == 2


def _side_by_side(classes: tuple[ClassDifference, ...]) -> SideBySide:
    return SideBySide(
        models=(), others=("b",), classes=classes, alone=(), all_wrong=0, numbers=False, constant_error=""
    )
