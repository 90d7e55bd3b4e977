"""Tables of metrics."""

import pytest

from discern.evaluating import Metrics
from discern.reporting.sections import metric_tables
from tests.unit.reporting.factories import classification_json, metrics_for, predictions_for


@pytest.fixture
def predictions(catalog):
    return predictions_for(catalog)


@pytest.fixture
def metrics(catalog, predictions):
    return metrics_for(catalog, predictions)


def test_leak_free_accuracy_is_the_first_line_and_the_only_marked_one(metrics):
    comparison = metric_tables.compare_accuracies(Metrics.from_json(metrics))
    assert [line.leak_free for line in comparison.lines] == [True, False, False]
    assert [line.name for line in comparison.lines][1:] == [
        "Random split, ignoring groups",
        "Always the most frequent class",
    ]
    assert comparison.start.startswith("10")


def test_undefined_accuracies_have_no_comparison():
    assert metric_tables.compare_accuracies(Metrics.from_json({})) is None
    assert metric_tables.compare_accuracies(Metrics.from_json({"accuracy": {"leak_free": {"value": None}}})) is None


def test_losses_name_their_value_before_calibration(metrics):
    rows = {row.name: row for row in metric_tables.metric_rows(Metrics.from_json(metrics))}
    assert set(rows) == {"Accuracy", "Balanced accuracy", "Macro-F1", "Log loss", "Brier score", "Calibration error"}
    assert "before calibration" in rows["Log loss"].meaning
    assert "chance alone gives up to" in rows["Calibration error"].meaning


def test_undefined_metrics_have_no_row():
    assert metric_tables.metric_rows(Metrics.from_json({})) == ()
    assert metric_tables.metric_rows(Metrics.from_json({"figures": classification_json(), "ece": None})) == ()


def test_the_weakest_class_is_first_and_the_unevaluated_last(metrics):
    classes = metrics["figures"]["per_class"]
    classes[0]["recall"] = {"value": None, "low": None, "high": None, "note": "no evaluated picture"}
    classes[2]["recall"]["value"] = 0.01
    rows = metric_tables.class_rows(Metrics.from_json(metrics))
    assert [row.label for row in rows] == ["cedar", "birch", "ash"]
    assert rows[-1].ends == "no evaluated picture"
