"""Figures become rows and charts."""

import pytest

from discern.evaluating import Metrics
from discern.reporting.sections import metric_tables
from tests.unit.reporting.factories import answers_for, figures_json, metrics_for


@pytest.fixture
def answers(catalog):
    return answers_for(catalog)


@pytest.fixture
def metrics(catalog, answers):
    return metrics_for(catalog, answers)


def test_ours_is_the_first_line_and_the_only_marked_one(metrics):
    comparison = metric_tables.compare(Metrics.from_json(metrics))
    assert [line.ours for line in comparison.lines] == [True, False, False]
    assert [line.name for line in comparison.lines][1:] == ["Naive random split", "Always the most frequent class"]
    assert comparison.start.startswith("10")


def test_nothing_to_compare_is_nothing():
    assert metric_tables.compare(Metrics.from_json({})) is None
    assert metric_tables.compare(Metrics.from_json({"accuracy": {"leak_free": {"value": None}}})) is None


def test_figures_before_temperature_are_told_with_those_after(metrics):
    rows = {row.name: row for row in metric_tables.figure_rows(Metrics.from_json(metrics))}
    assert set(rows) == {"Accuracy", "Balanced accuracy", "Macro-F1", "Log loss", "Brier score", "Calibration error"}
    assert "before its temperature was set" in rows["Log loss"].meaning
    assert "chance alone gives up to" in rows["Calibration error"].meaning


def test_undefined_figures_have_no_row():
    assert metric_tables.figure_rows(Metrics.from_json({})) == ()
    assert metric_tables.figure_rows(Metrics.from_json({"figures": figures_json(), "ece": None})) == ()


def test_the_weakest_class_is_first_and_the_unjudged_last(metrics):
    classes = metrics["figures"]["per_class"]
    classes[0]["recall"] = {"value": None, "low": None, "high": None, "note": "no picture to judge it by"}
    classes[2]["recall"]["value"] = 0.01
    rows = metric_tables.judged_classes(Metrics.from_json(metrics))
    assert [row.label for row in rows] == ["cedar", "birch", "ash"]
    assert rows[-1].ends == "no picture to judge it by"
