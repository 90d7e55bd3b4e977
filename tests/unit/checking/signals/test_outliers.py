import numpy as np
import pytest

from discern.checking.signals.outliers import find_outliers
from tests.unit.checking.conftest import opinions_of

LABELS = np.repeat([0, 1], 50)


def scores(**changed: float) -> np.ndarray:
    values = np.random.default_rng(0).normal(0, 1, 100)
    for name, value in changed.items():
        values[int(name[1:])] = value
    return values


def odd(values, labels=LABELS, said=0.3):
    probabilities = np.full((len(values), 2), said)
    return np.flatnonzero(find_outliers(opinions_of(probabilities, values), labels)).tolist()


def test_far_outside_is_odd_and_the_usual_tail_is_not():
    assert odd(scores()) == []
    assert odd(scores(r7=8.0, r70=9.0)) == [7, 70]


def test_many_strangers_do_not_hide_each_other():
    assert odd(scores(**{f"r{row}": 8.0 for row in range(0, 100, 20)})) == [0, 20, 40, 60, 80]


def test_a_class_that_is_strange_as_a_whole_has_no_odd_ones():
    values = np.concatenate([np.random.default_rng(0).normal(0, 1, 200), np.random.default_rng(1).normal(8, 1, 20)])
    assert odd(values, np.repeat([0, 1], [200, 20])) == []


def test_what_is_likely_its_class_is_not_odd():
    assert odd(scores(r7=8.0), said=0.6) == []


def test_pictures_without_label_or_score_are_not_judged():
    labels = LABELS.copy()
    labels[7] = -1
    assert odd(scores(r7=8.0, r8=np.nan), labels) == []


@pytest.mark.parametrize("values", [np.zeros(100), np.full(100, np.nan), np.arange(10.0)])
def test_where_nothing_can_be_said(values):
    assert odd(values, LABELS[: len(values)]) == []


def test_without_opinions_nothing_is_odd():
    assert not find_outliers(None, LABELS).any()
