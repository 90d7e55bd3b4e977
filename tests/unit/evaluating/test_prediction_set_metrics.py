"""Sets are judged by what they hold and how large they are, over groups and class by class."""

import json

import numpy as np
import pytest

from discern.errors import UsageError
from discern.evaluating.intervals import TOO_FEW
from discern.evaluating.prediction_set_metrics import evaluate_prediction_sets

LABELS = ("green", "ripe", "overripe")


def sets_of(size: int = 100, *, missing: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """One or two labels each; the truth is missing from the first few."""
    truth = np.arange(size) % 3
    sets = np.zeros((size, 3), bool)
    sets[np.arange(size), truth] = True
    sets[: size // 2, 1] = True
    sets[np.arange(missing), truth[:missing]] = False
    return sets, truth


def test_coverage_and_size_are_plain_means():
    sets, truth = sets_of()
    figures = evaluate_prediction_sets(sets, truth, labels=LABELS)
    assert figures.coverage.value == pytest.approx(0.9)
    assert figures.coverage.low < 0.9 < figures.coverage.high
    assert figures.size.value == pytest.approx(sets.sum(axis=1).mean())
    assert figures.single.value == pytest.approx((sets.sum(axis=1) == 1).mean())


def test_each_class_has_its_own_coverage():
    sets, truth = sets_of(missing=0)
    sets[truth == 2, 2] = False
    figures = evaluate_prediction_sets(sets, truth, labels=LABELS)
    assert [each.label for each in figures.per_class] == list(LABELS)
    assert [each.coverage.value for each in figures.per_class] == [1.0, 1.0, 0.0]


def test_a_class_without_pictures_is_undefined():
    sets, truth = sets_of()
    figures = evaluate_prediction_sets(np.pad(sets, ((0, 0), (0, 1))), truth, labels=[*LABELS, "rotten"])
    assert figures.per_class[3].coverage.value is None
    json.dumps(figures.to_json(), allow_nan=False)


def test_a_long_film_counts_by_picture_and_as_one_group():
    sets, truth = sets_of(missing=0)
    groups = np.concatenate([np.arange(60), np.full(40, 60)])
    sets[60:] = False
    figures = evaluate_prediction_sets(sets, truth, labels=LABELS, groups=groups)
    assert figures.coverage.value == pytest.approx(0.6)
    assert figures.coverage_of_groups.value == pytest.approx(60 / 61)


def test_weights_count_in_every_figure():
    sets, truth = sets_of()
    weights = np.where(np.arange(100) < 10, 3.0, 1.0)
    figures = evaluate_prediction_sets(sets, truth, labels=LABELS, weights=weights)
    assert figures.coverage.value == pytest.approx(90 / 120)
    assert figures.size.value == pytest.approx(np.average(sets.sum(axis=1), weights=weights))
    assert figures.coverage_of_groups.value == pytest.approx(0.9)
    without = evaluate_prediction_sets(sets, truth, labels=LABELS, weights=np.where(np.arange(100) < 10, 0.0, 1.0))
    assert without.coverage.value == without.coverage_of_groups.value == 1.0


def test_pictures_that_belong_together_widen_the_intervals():
    sets, truth = (np.repeat(each, 10, axis=0) for each in sets_of(60))
    apart = evaluate_prediction_sets(sets, truth, labels=LABELS)
    together = evaluate_prediction_sets(sets, truth, labels=LABELS, groups=np.repeat(np.arange(60), 10))
    assert together.coverage.high - together.coverage.low > 2 * (apart.coverage.high - apart.coverage.low)
    assert together.size.high - together.size.low > 2 * (apart.size.high - apart.size.low)


def test_few_groups_have_values_and_no_intervals():
    sets, truth = sets_of()
    figures = evaluate_prediction_sets(sets, truth, labels=LABELS, groups=np.arange(100) % 10)
    assert figures.coverage.note == figures.size.note == TOO_FEW
    assert figures.coverage.value == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("sets", "truth"),
    [
        (np.ones((3, 2), bool), np.zeros(3, int)),
        (np.ones((2, 3), bool), np.zeros(3, int)),
        (np.ones((3, 3)), np.zeros(3, int)),
        (np.ones((3, 3), bool), np.array([0, 1, 3])),
        (np.ones((3, 3), bool), np.array([0, 1, -1])),
        (np.ones((0, 3), bool), np.zeros(0, int)),
    ],
)
def test_sets_that_make_no_sense_are_refused(sets: np.ndarray, truth: np.ndarray):
    with pytest.raises(UsageError):
        evaluate_prediction_sets(sets, truth, labels=LABELS)
