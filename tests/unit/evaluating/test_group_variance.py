"""The variance between groups: sizes, correlation, single groups, and where errors are rare."""

import numpy as np
import pytest

from discern.evaluating import (
    evaluate_calibration,
    evaluate_ordinal,
    evaluate_prediction_sets,
    evaluate_predictions,
    evaluate_share,
    paired_difference,
)
from discern.evaluating.group_variance import GroupVariance, Members, effective_number
from discern.evaluating.intervals import TOO_FEW


def width(interval) -> float:
    return interval.high - interval.low


def grouped(*sizes: int) -> np.ndarray:
    return np.repeat(np.arange(len(sizes)), sizes)


def variance(values: np.ndarray, group: np.ndarray) -> GroupVariance:
    share = np.full(len(values), 1 / len(values))
    return GroupVariance.of(share, values - values.mean(), Members.of(len(values), group, None))


@pytest.mark.parametrize(
    ("sizes", "number"),
    [([3, 3, 3, 3], 4), ([1] * 100 + [100], 4 / 1.01), ([5], 1), ([10] * 5 + [1] * 50, 100**2 / 550)],
)
def test_the_effective_number_of_groups_is_that_of_kish(sizes: list[int], number: float) -> None:
    assert effective_number(np.array(sizes)) == pytest.approx(number)


def test_one_group_of_half_of_the_pictures_is_too_few_groups_however_many_small_ones_there_are() -> None:
    group = grouped(500, *[1] * 500)
    correct = np.arange(1000) % 10 > 0
    assert evaluate_share(correct, groups=group).note == TOO_FEW
    assert evaluate_share(correct, groups=grouped(*[2] * 500)).low is not None


def test_twenty_equal_groups_are_enough_whatever_their_weight() -> None:
    for weight in (0.1, 1 / 3, 1.0, 7.0):
        assert evaluate_share(np.arange(60) % 4 > 0, groups=grouped(*[3] * 20), weights=np.full(60, weight)).low


def test_every_metric_counts_effective_groups() -> None:
    group = grouped(400, *[4] * 100)
    truth = np.arange(800) % 2
    probabilities = np.where(truth[:, None] == [0, 1], 0.8, 0.2)
    metrics = evaluate_predictions(truth, probabilities, labels=("a", "b"), groups=group)
    named = (metrics.accuracy, metrics.balanced_accuracy, metrics.macro_f1, metrics.log_loss, metrics.brier)
    recalls = [each.recall for each in metrics.per_class]
    difference = paired_difference(truth, 1 - truth, groups=group)
    ordinal = evaluate_ordinal(truth, truth, groups=group)
    sets = evaluate_prediction_sets(probabilities > 0.1, truth, labels=("a", "b"), groups=group)
    others = (metrics.calibration.ece, difference, ordinal.mae, ordinal.gain, ordinal.quadratic_kappa, sets.coverage)
    assert {each.note for each in (*named, *recalls, *others)} == {TOO_FEW}
    assert sets.coverage_of_groups.note is None


def test_five_large_groups_that_agree_by_chance_do_not_narrow_the_interval() -> None:
    """The spread between groups is small here, although the five could have been wrong as well as right."""
    group = grouped(*[100] * 5, *[3] * 395)
    right = np.arange(400) % 5 > 0
    right[:5] = True
    interval = evaluate_share(right[group], groups=group)
    assert interval.value > 0.85
    assert interval.low < 0.8


def test_intervals_of_five_large_groups_contain_the_truth() -> None:
    random, group, covered = np.random.default_rng(0), grouped(*[50] * 5, *[3] * 195), 0
    for _ in range(300):
        chance = random.random(200) < 0.8
        interval = evaluate_share(chance[group], groups=group)
        covered += interval.low <= 0.8 <= interval.high
    assert covered >= 273


def test_identical_pictures_of_a_group_count_once() -> None:
    found = variance((np.arange(30) % 5 > 0).repeat(10).astype(float), grouped(*[10] * 30))
    assert 1 / found.ratio == pytest.approx(30, rel=0.05)


def test_independent_pictures_of_a_group_count_each() -> None:
    values = (np.random.default_rng(0).random(3000) < 0.7).astype(float)
    assert 1 / variance(values, grouped(*[10] * 300)).ratio == pytest.approx(3000, rel=0.15)


def test_no_more_independent_values_than_pictures_are_counted() -> None:
    alternating = np.tile([0.0, 1.0], 100)
    assert 1 / variance(alternating, grouped(*[2] * 100)).ratio <= 200 + 1e-9


def test_without_an_error_each_group_is_one_trial() -> None:
    found = variance(np.ones(300), grouped(*[10] * 30))
    assert found.trials(0.0) == pytest.approx(30)


def test_a_single_error_does_not_prove_that_pictures_are_independent() -> None:
    values = np.ones(400)
    values[0] = 0
    found = variance(values, grouped(*[20] * 20))
    assert 20 < found.trials(found.unit) < 150


def test_a_class_with_a_single_group_does_not_look_certain() -> None:
    truth = np.r_[np.zeros(100, int), np.full(5, 1)]
    predicted = np.where(np.arange(105) % 10 == 0, 1 - truth, truth)
    group = grouped(*[1] * 100, 5)
    probabilities = np.eye(2)[predicted] * 0.6 + 0.2
    metrics = evaluate_predictions(truth, probabilities, labels=("a", "b"), groups=group)
    assert metrics.per_class[1].recall.note == TOO_FEW
    balanced = metrics.balanced_accuracy
    assert balanced.low is None or width(balanced) > 0.4


def test_a_difference_within_large_groups_has_a_wide_interval() -> None:
    group = grouped(*[50] * 5, *[3] * 195)
    better = (np.arange(200) % 3 == 0)[group]
    alone = paired_difference(better, np.zeros(835), groups=None)
    assert width(paired_difference(better, np.zeros(835), groups=group)) > 2.5 * width(alone)


def test_the_bars_of_the_reliability_curve_respect_the_sizes_of_groups() -> None:
    random = np.random.default_rng(0)
    confidence, correct = random.uniform(0.5, 0.95, 600), random.random(600) < 0.7
    independent = evaluate_calibration(confidence, correct).bins
    uneven = evaluate_calibration(confidence, correct, groups=np.r_[np.zeros(300, int), np.arange(1, 301)]).bins
    assert np.mean([width(each) for each in uneven]) > 1.5 * np.mean([width(each) for each in independent])


def test_nothing_is_drawn_so_the_seed_changes_nothing() -> None:
    correct = np.arange(200) % 7 > 0
    assert evaluate_share(correct, seed=1) == evaluate_share(correct, seed=2)
    assert paired_difference(correct, correct[::-1], seed=1) == paired_difference(correct, correct[::-1], seed=2)
