"""Intervals resample groups, say when there are too few, and stay honest at the ends."""

import json

import numpy as np
import pytest
from scipy import sparse

from discern.errors import UsageError
from discern.evaluating import Interval, evaluate_share, paired_difference
from discern.evaluating.intervals import TOO_FEW, Members, mean_interval, resample, share_interval, wilson


def right(share: float, size: int) -> np.ndarray:
    return np.arange(size) < round(share * size)


def test_the_value_is_the_share_that_is_right():
    figure = evaluate_share(right(0.75, 100))
    assert figure.value == 0.75
    assert figure.low < 0.75 < figure.high


def test_weights_count_in_the_value():
    correct = np.array([True] + [False] * 30)
    weights = np.array([10.0] + [1.0] * 30)
    assert evaluate_share(correct, weights=weights).value == pytest.approx(10 / 40)


def test_a_copy_that_shares_its_weight_changes_nothing_but_the_count():
    correct = right(0.8, 50)
    doubled = np.repeat(correct, 2)
    halves = np.full(100, 0.5)
    once = evaluate_share(correct, groups=np.arange(50), seed=3)
    twice = evaluate_share(doubled, groups=np.repeat(np.arange(50), 2), weights=halves, seed=3)
    assert twice.value == pytest.approx(once.value)
    assert twice.low == pytest.approx(once.low)
    assert twice.high == pytest.approx(once.high)


def test_pictures_that_belong_together_widen_the_interval():
    correct = np.repeat(right(0.8, 40), 10)
    apart = evaluate_share(correct)
    together = evaluate_share(correct, groups=np.repeat(np.arange(40), 10))
    assert together.high - together.low > 2.5 * (apart.high - apart.low)


def test_under_twenty_groups_there_is_no_interval_and_it_says_so():
    figure = evaluate_share(right(0.5, 190), groups=np.arange(190) % 19)
    assert figure == Interval(value=0.5, note=TOO_FEW)


def test_twenty_groups_are_enough():
    assert evaluate_share(right(0.5, 20)).low is not None


@pytest.mark.parametrize("all_right", [True, False])
def test_without_any_error_the_interval_is_wilson_on_groups(all_right: bool):
    groups = np.arange(300) % 30
    figure = evaluate_share(np.full(300, all_right), groups=groups)
    width = figure.high - figure.low
    low, high = wilson(1.0, 30, quantile=2.045)
    assert figure.value == float(all_right)
    assert width == pytest.approx(high - low, abs=1e-3)
    assert width > 0.1


def test_wilson_is_the_textbook_interval():
    low, high = wilson(0.9, 100, quantile=1.959964)
    assert (low, high) == pytest.approx((0.82563, 0.94477), abs=1e-4)


def test_pictures_without_weight_form_no_group():
    weights = np.array([1.0] * 25 + [0.0] * 25)
    correct = np.array([True] * 25 + [False] * 25)
    figure = evaluate_share(correct, weights=weights)
    assert figure.value == 1.0
    assert figure.low == pytest.approx(evaluate_share(correct[:25]).low)


def test_nothing_to_judge_is_null_not_nan():
    figure = evaluate_share(np.array([], dtype=bool))
    assert figure.value is None
    assert json.loads(json.dumps(figure.to_json(), allow_nan=False))["note"]


def test_the_same_seed_gives_the_same_interval_and_another_a_similar_one():
    correct = right(0.7, 200)
    first, again, other = (evaluate_share(correct, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert other.low == pytest.approx(first.low, abs=0.01)


def test_groups_may_be_named_anything():
    correct = right(0.7, 60)
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
def test_arguments_that_make_no_sense_are_refused(correct, groups, weights):
    with pytest.raises(UsageError):
        evaluate_share(correct, groups=groups, weights=weights)


def test_resampling_draws_whole_groups():
    columns = sparse.csr_array(np.array([[1.0, 10.0], [1.0, 20.0], [1.0, 30.0]]))
    draws = resample(columns, seed=0, draws=500)
    assert draws.shape == (500, 2)
    assert (draws[:, 0] == 3).all()
    assert set(np.unique(draws[:, 1])) <= {float(total) for total in range(30, 91, 10)}
    assert draws[:, 1].mean() == pytest.approx(60, abs=3)


def test_resampling_in_batches_draws_as_many():
    columns = sparse.csr_array(np.ones((30_000, 1)))
    draws = resample(columns, seed=0, draws=150)
    assert draws.shape == (150, 1)
    assert (draws == 30_000).all()


def test_members_are_numbered_densely():
    members = Members.of(5, np.array([7, 7, 100, -3, 7]), np.array([1.0, 1.0, 1.0, 0.0, 1.0]))
    assert members.count == 2
    assert members.group[:3].tolist() == [0, 0, 1]
    assert members.columns(np.ones(5)).toarray().tolist() == [[3.0], [1.0]]


def test_a_loss_is_never_below_nothing():
    figure = mean_interval(0.01, np.array([0.0, 0.05] * 500), groups=30)
    assert figure.low == 0.0
    assert figure.high > 0.01
    assert mean_interval(0.01, np.zeros(10), groups=3).note == TOO_FEW


def test_draws_that_leave_a_figure_undefined_are_passed_over():
    draws = np.array([np.nan, 0.4, 0.5, 0.6] * 100)
    figure = share_interval(0.5, draws, groups=50)
    assert figure.low < 0.5 < figure.high


def test_a_difference_is_a_minus_b():
    a, b = right(0.9, 100), right(0.7, 100)
    figure = paired_difference(a, b)
    assert figure.value == pytest.approx(0.2)
    assert 0 < figure.low < 0.2 < figure.high
    mirrored = paired_difference(b, a)
    assert mirrored.value == pytest.approx(-0.2)
    assert mirrored.low == pytest.approx(-figure.high)


def test_pairing_makes_a_difference_sharper_than_two_intervals():
    a = np.random.default_rng(0).random(400) < 0.7
    b = a.copy()
    b[np.flatnonzero(a)[:12]] = False
    figure = paired_difference(a, b)
    alone = evaluate_share(a)
    assert figure.low > 0
    assert figure.high - figure.low < 0.5 * (alone.high - alone.low)


def test_no_difference_at_all_still_has_a_width():
    same = right(0.8, 100)
    figure = paired_difference(same, same)
    assert figure.value == 0.0
    assert figure.low == pytest.approx(-figure.high)
    assert 0.01 < figure.high < 0.05


def test_a_difference_over_few_groups_has_no_interval():
    figure = paired_difference(right(0.9, 100), right(0.5, 100), groups=np.arange(100) % 10)
    assert figure.note == TOO_FEW
    assert figure.low is None


def test_everything_different_stays_inside_the_possible():
    figure = paired_difference(np.ones(30), np.zeros(30))
    assert (figure.value, figure.high) == (1.0, 1.0)
    assert 0.7 < figure.low < 1.0


def test_a_difference_needs_pairs():
    with pytest.raises(UsageError, match="paired"):
        paired_difference(np.ones(3), np.ones(4))


def test_a_difference_over_nothing_is_null():
    assert paired_difference(np.ones(2), np.ones(2), weights=np.zeros(2)).value is None
