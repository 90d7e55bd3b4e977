"""Outliers by unknown scores."""

import numpy as np
import pytest

from discern.checking.signals.outliers import find_outliers
from tests.unit.checking.conftest import predictions_of

LABELS = np.repeat([0, 1], 50)


def scores(**changed: float) -> np.ndarray:
    values = np.random.default_rng(0).normal(0, 1, 100)
    for name, value in changed.items():
        values[int(name[1:])] = value
    return values


def outliers(values, labels=LABELS, probability=0.3):
    """Rows of the outliers; `probability` is that of every label."""
    probabilities = np.full((len(values), 2), probability)
    return np.flatnonzero(find_outliers(predictions_of(probabilities, values), labels)).tolist()


def test_distant_pictures_are_outliers_and_the_tail_is_not():
    assert outliers(scores()) == []
    assert outliers(scores(r7=8.0, r70=9.0)) == [7, 70]


def test_many_outliers_do_not_hide_each_other():
    assert outliers(scores(**{f"r{row}": 8.0 for row in range(0, 100, 20)})) == [0, 20, 40, 60, 80]


def test_a_class_that_is_distant_as_a_whole_has_no_outliers():
    values = np.concatenate([np.random.default_rng(0).normal(0, 1, 200), np.random.default_rng(1).normal(8, 1, 20)])
    assert outliers(values, np.repeat([0, 1], [200, 20])) == []


def test_a_picture_with_a_probable_label_is_not_an_outlier():
    assert outliers(scores(r7=8.0), probability=0.6) == []


def test_pictures_without_label_or_score_are_not_outliers():
    labels = LABELS.copy()
    labels[7] = -1
    assert outliers(scores(r7=8.0, r8=np.nan), labels) == []


@pytest.mark.parametrize("values", [np.zeros(100), np.full(100, np.nan), np.arange(10.0)])
def test_constant_missing_or_few_scores_have_no_outliers(values):
    assert outliers(values, LABELS[: len(values)]) == []


def test_without_predictions_there_are_no_outliers():
    assert not find_outliers(None, LABELS).any()
