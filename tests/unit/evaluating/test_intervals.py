"""Confidence intervals: resampled groups, few groups, and the ends of the range."""

import json

import numpy as np
import pytest

from discern.errors import UsageError
from discern.evaluating import Interval, evaluate_share, paired_difference
from discern.evaluating.group_variance import GroupVariance, Members
from discern.evaluating.intervals import TOO_FEW, loss_interval, wilson


def correct_of(share: float, size: int) -> np.ndarray:
    return np.arange(size) < round(share * size)


def test_the_value_is_the_proportion():
    interval = evaluate_share(correct_of(0.75, 100))
    assert interval.value == 0.75
    assert interval.low < 0.75 < interval.high


def test_the_value_is_weighted():
    correct = np.array([True] + [False] * 30)
    weights = np.array([10.0] + [1.0] * 30)
    assert evaluate_share(correct, weights=weights).value == pytest.approx(10 / 40)


def test_copies_that_share_one_weight_change_nothing():
    correct = correct_of(0.8, 50)
    doubled = np.repeat(correct, 2)
    halves = np.full(100, 0.5)
    once = evaluate_share(correct, groups=np.arange(50), seed=3)
    twice = evaluate_share(doubled, groups=np.repeat(np.arange(50), 2), weights=halves, seed=3)
    assert twice.value == pytest.approx(once.value)
    assert twice.low == pytest.approx(once.low)
    assert twice.high == pytest.approx(once.high)


def test_dependent_pictures_widen_the_interval():
    correct = np.repeat(correct_of(0.8, 40), 10)
    independent = evaluate_share(correct)
    grouped = evaluate_share(correct, groups=np.repeat(np.arange(40), 10))
    assert grouped.high - grouped.low > 2.5 * (independent.high - independent.low)


def test_under_twenty_groups_there_is_a_note_instead_of_an_interval():
    interval = evaluate_share(correct_of(0.5, 190), groups=np.arange(190) % 19)
    assert interval == Interval(value=0.5, note=TOO_FEW)


def test_twenty_groups_are_enough():
    assert evaluate_share(correct_of(0.5, 20)).low is not None


@pytest.mark.parametrize("all_correct", [True, False])
def test_without_any_error_the_interval_is_wilson_on_groups(all_correct: bool):
    groups = np.arange(300) % 30
    interval = evaluate_share(np.full(300, all_correct), groups=groups)
    width = interval.high - interval.low
    low, high = wilson(1.0, 30, quantile=2.045)
    assert interval.value == float(all_correct)
    assert width == pytest.approx(high - low, abs=1e-3)
    assert width > 0.1


def test_wilson_is_the_textbook_interval():
    low, high = wilson(0.9, 100, quantile=1.959964)
    assert (low, high) == pytest.approx((0.82563, 0.94477), abs=1e-4)


def test_pictures_with_weight_0_form_no_group():
    weights = np.array([1.0] * 25 + [0.0] * 25)
    correct = np.array([True] * 25 + [False] * 25)
    interval = evaluate_share(correct, weights=weights)
    assert interval.value == 1.0
    assert interval.low == pytest.approx(evaluate_share(correct[:25]).low)


def test_without_pictures_the_value_is_null_not_nan():
    interval = evaluate_share(np.array([], dtype=bool))
    assert interval.value is None
    assert json.loads(json.dumps(interval.to_json(), allow_nan=False))["note"]


def test_the_same_seed_gives_the_same_interval_and_another_a_similar_one():
    correct = correct_of(0.7, 200)
    first, again, other = (evaluate_share(correct, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert other.low == pytest.approx(first.low, abs=0.01)


def test_groups_may_be_strings():
    correct = correct_of(0.7, 60)
    names = np.array([f"film {number % 30}" for number in range(60)])
    assert evaluate_share(correct, groups=names).value == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("correct", "groups", "weights"),
    [
        (np.ones((3, 2)), None, None),
        (np.array([0.5, 1.5]), None, None),
        (np.array([np.nan, 1.0]), None, None),
        (np.ones(3), np.arange(2), None),
        (np.ones(3), None, np.ones(4)),
        (np.ones(3), None, np.array([1.0, -1.0, 1.0])),
        (np.ones(3), None, np.array([1.0, np.inf, 1.0])),
    ],
)
def test_invalid_arguments_are_refused(correct, groups, weights):
    with pytest.raises(UsageError):
        evaluate_share(correct, groups=groups, weights=weights)


def test_members_are_numbered_densely():
    members = Members.of(5, np.array([7, 7, 100, -3, 7]), np.array([1.0, 1.0, 1.0, 0.0, 1.0]))
    assert members.count == 2
    assert members.group[:3].tolist() == [0, 0, 1]
    assert np.bincount(members.group, members.weight).tolist() == [3.0, 1.0]


def variance_of(error: float, groups: float) -> GroupVariance:
    return GroupVariance(groups=groups, unit=error**2, ratio=1.0)


def test_the_interval_of_a_loss_is_positive():
    interval = loss_interval(0.01, variance_of(0.025, 30), pseudo=(0.01, 0.7))
    assert 0 < interval.low < 0.01 < interval.high < 0.5
    assert loss_interval(0.01, variance_of(0.025, 3), pseudo=(0.01, 0.7)).note == TOO_FEW


def test_no_loss_at_all_has_an_interval_with_a_width():
    interval = loss_interval(0.0, variance_of(0.0, 30), pseudo=(0.01, 0.7))
    assert interval.low == 0.0
    assert 0.02 < interval.high < 0.3


def test_a_loss_stays_below_the_largest_possible():
    assert loss_interval(1.9, variance_of(0.5, 30), pseudo=(0.1, 2.0), most=2.0).high == 2.0


def test_a_difference_is_a_minus_b():
    a, b = correct_of(0.9, 100), correct_of(0.7, 100)
    interval = paired_difference(a, b)
    assert interval.value == pytest.approx(0.2)
    assert 0 < interval.low < 0.2 < interval.high
    mirrored = paired_difference(b, a)
    assert mirrored.value == pytest.approx(-0.2)
    assert mirrored.low == pytest.approx(-interval.high)


def test_a_paired_interval_is_narrower_than_two_intervals():
    a = np.random.default_rng(0).random(400) < 0.7
    b = a.copy()
    b[np.flatnonzero(a)[:12]] = False
    interval = paired_difference(a, b)
    alone = evaluate_share(a)
    assert interval.low > 0
    assert interval.high - interval.low < 0.5 * (alone.high - alone.low)


def test_no_difference_has_an_interval_with_a_width():
    same = correct_of(0.8, 100)
    interval = paired_difference(same, same)
    assert interval.value == 0.0
    assert interval.low == pytest.approx(-interval.high)
    assert 0.01 < interval.high < 0.05


def test_a_difference_over_few_groups_has_no_interval():
    interval = paired_difference(correct_of(0.9, 100), correct_of(0.5, 100), groups=np.arange(100) % 10)
    assert interval.note == TOO_FEW
    assert interval.low is None


def test_the_largest_difference_stays_in_range():
    interval = paired_difference(np.ones(30), np.zeros(30))
    assert (interval.value, interval.high) == (1.0, 1.0)
    assert 0.7 < interval.low < 1.0


def test_a_difference_needs_pairs():
    with pytest.raises(UsageError, match="same length"):
        paired_difference(np.ones(3), np.ones(4))


def test_a_difference_without_pictures_is_null():
    assert paired_difference(np.ones(2), np.ones(2), weights=np.zeros(2)).value is None
