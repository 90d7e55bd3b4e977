"""Coverage and size of prediction sets, by groups and classes."""

import json

import numpy as np
import pytest

from discern.errors import UsageError
from discern.evaluating.intervals import TOO_FEW
from discern.evaluating.prediction_set_metrics import evaluate_prediction_sets

LABELS = ("green", "ripe", "overripe")


def sets_of(size: int = 100, *, missing: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Make sets of one or two labels; the first `missing` sets lack the true label."""
    truth = np.arange(size) % 3
    sets = np.zeros((size, 3), bool)
    sets[np.arange(size), truth] = True
    sets[: size // 2, 1] = True
    sets[np.arange(missing), truth[:missing]] = False
    return sets, truth


def test_coverage_and_size_are_plain_means():
    sets, truth = sets_of()
    result = evaluate_prediction_sets(sets, truth, labels=LABELS)
    assert result.coverage.value == pytest.approx(0.9)
    assert result.coverage.low < 0.9 < result.coverage.high
    assert result.size.value == pytest.approx(sets.sum(axis=1).mean())
    assert result.single.value == pytest.approx((sets.sum(axis=1) == 1).mean())


def test_each_class_has_its_own_coverage():
    sets, truth = sets_of(missing=0)
    sets[truth == 2, 2] = False
    result = evaluate_prediction_sets(sets, truth, labels=LABELS)
    assert [each.label for each in result.per_class] == list(LABELS)
    assert [each.coverage.value for each in result.per_class] == [1.0, 1.0, 0.0]


def test_a_class_without_pictures_is_undefined():
    sets, truth = sets_of()
    result = evaluate_prediction_sets(np.pad(sets, ((0, 0), (0, 1))), truth, labels=[*LABELS, "rotten"])
    assert result.per_class[3].coverage.value is None
    json.dumps(result.to_json(), allow_nan=False)


def test_a_long_film_counts_by_picture_and_as_one_group():
    sets, truth = sets_of(missing=0)
    groups = np.concatenate([np.arange(60), np.full(40, 60)])
    sets[60:] = False
    result = evaluate_prediction_sets(sets, truth, labels=LABELS, groups=groups)
    assert result.coverage.value == pytest.approx(0.6)
    assert result.coverage_of_groups.value == pytest.approx(60 / 61)


def test_every_metric_is_weighted():
    sets, truth = sets_of()
    weights = np.where(np.arange(100) < 10, 3.0, 1.0)
    result = evaluate_prediction_sets(sets, truth, labels=LABELS, weights=weights)
    assert result.coverage.value == pytest.approx(90 / 120)
    assert result.size.value == pytest.approx(np.average(sets.sum(axis=1), weights=weights))
    assert result.coverage_of_groups.value == pytest.approx(0.9)
    without = evaluate_prediction_sets(sets, truth, labels=LABELS, weights=np.where(np.arange(100) < 10, 0.0, 1.0))
    assert without.coverage.value == without.coverage_of_groups.value == 1.0


def test_dependent_pictures_widen_the_intervals():
    sets, truth = (np.repeat(each, 10, axis=0) for each in sets_of(60))
    independent = evaluate_prediction_sets(sets, truth, labels=LABELS)
    grouped = evaluate_prediction_sets(sets, truth, labels=LABELS, groups=np.repeat(np.arange(60), 10))
    assert grouped.coverage.high - grouped.coverage.low > 2 * (independent.coverage.high - independent.coverage.low)
    assert grouped.size.high - grouped.size.low > 2 * (independent.size.high - independent.size.low)


def test_few_groups_have_values_and_no_intervals():
    sets, truth = sets_of()
    result = evaluate_prediction_sets(sets, truth, labels=LABELS, groups=np.arange(100) % 10)
    assert result.coverage.note == result.size.note == TOO_FEW
    assert result.coverage.value == pytest.approx(0.9)


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
def test_invalid_sets_are_refused(sets: np.ndarray, truth: np.ndarray):
    with pytest.raises(UsageError):
        evaluate_prediction_sets(sets, truth, labels=LABELS)
