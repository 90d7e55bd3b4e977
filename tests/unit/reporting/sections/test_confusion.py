"""Section on the confusion matrix: a table or a heat map."""

import numpy as np
import pytest

from discern.evaluating import Metrics
from discern.reporting.sections.confusion import MAX_TABLE_CLASSES, describe_confusion
from tests.unit.reporting.factories import classification_json, metrics_for, predictions_for


@pytest.fixture
def predictions(catalog):
    return predictions_for(catalog)


@pytest.fixture
def metrics(catalog, predictions):
    return metrics_for(catalog, predictions)


def metrics_of(labels, matrix, names=None) -> Metrics:
    overall = classification_json(labels=labels, confusion=matrix.tolist())
    return Metrics.from_json({"figures": overall, "names": names})


def test_few_classes_have_a_table(metrics, predictions):
    confusion = describe_confusion(Metrics.from_json(metrics))
    assert confusion.chart is None
    predicted = predictions.predicted[predictions.truth == 0]
    assert [number for number, _ in confusion.table[0]] == [
        str(number) for number in np.bincount(predicted, minlength=3)
    ]
    assert sum(share for _, share in confusion.table[0]) == pytest.approx(1)
    assert confusion.pairs[0]["count"] == str(max(each["count"] for each in metrics["figures"]["confused"]))


def test_many_classes_have_a_heat_map():
    size = MAX_TABLE_CLASSES + 1
    matrix = np.diag(np.full(size, 3.0))
    matrix[2, 5] = 1.5
    labels = [f"kind {number}" for number in range(size)]
    confusion = describe_confusion(metrics_of(labels, matrix))
    assert confusion.table == ()
    assert confusion.cells["cells"]["2"] == {"2": 3.0, "5": 1.5}
    assert confusion.cells["labels"] == labels


def test_no_confusion_matrix_has_no_section():
    assert describe_confusion(Metrics.from_json({})) is None


def test_the_heat_map_has_names_and_pages():
    size = MAX_TABLE_CLASSES + 1
    labels = [f"n{number:08d}" for number in range(size)]
    metrics = metrics_of(labels, np.eye(size), {labels[0]: {"name": "oboe", "spoken": "", "route": ""}})
    cells = describe_confusion(metrics, {labels[1]: "class-1"}).cells
    assert cells["labels"][:2] == ["oboe", labels[1]]
    assert cells["pages"][:3] == [None, "class-1", None]
