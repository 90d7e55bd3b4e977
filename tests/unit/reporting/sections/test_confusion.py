"""Confusion: a table of numbers, or a map with its numbers behind it."""

import numpy as np
import pytest

from discern.evaluating import Metrics
from discern.reporting.sections.confusion import NUMBERS_UP_TO, describe_confusion
from tests.unit.reporting.factories import answers_for, figures_json, metrics_for


@pytest.fixture
def answers(catalog):
    return answers_for(catalog)


@pytest.fixture
def metrics(catalog, answers):
    return metrics_for(catalog, answers)


def of(labels, matrix, names=None) -> Metrics:
    figures = figures_json(labels=labels, confusion=matrix.tolist())
    return Metrics.from_json({"figures": figures, "names": names})


def test_few_classes_have_a_table_of_numbers(metrics, answers):
    confusion = describe_confusion(Metrics.from_json(metrics))
    assert confusion.chart is None
    called = answers.predicted[answers.truth == 0]
    assert [number for number, _ in confusion.table[0]] == [str(number) for number in np.bincount(called, minlength=3)]
    assert sum(share for _, share in confusion.table[0]) == pytest.approx(1)
    assert confusion.pairs[0]["count"] == str(max(each["count"] for each in metrics["figures"]["confused"]))


def test_many_classes_have_a_map_and_its_numbers():
    size = NUMBERS_UP_TO + 1
    matrix = np.diag(np.full(size, 3.0))
    matrix[2, 5] = 1.5
    labels = [f"kind {number}" for number in range(size)]
    confusion = describe_confusion(of(labels, matrix))
    assert confusion.table == ()
    assert confusion.cells["cells"]["2"] == {"2": 3.0, "5": 1.5}
    assert confusion.cells["labels"] == labels


def test_no_confusion_is_nothing():
    assert describe_confusion(Metrics.from_json({})) is None


def test_the_map_knows_names_and_pages():
    size = NUMBERS_UP_TO + 1
    labels = [f"n{number:08d}" for number in range(size)]
    metrics = of(labels, np.eye(size), {labels[0]: {"name": "oboe", "spoken": "", "route": ""}})
    cells = describe_confusion(metrics, {labels[1]: "class-1"}).cells
    assert cells["labels"][:2] == ["oboe", labels[1]]
    assert cells["pages"][:3] == [None, "class-1", None]
