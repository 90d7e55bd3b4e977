"""Detection of negatives: ties, thresholds and intervals."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from discern.errors import UsageError
from discern.evaluating import evaluate_unknown_detection
from discern.evaluating.intervals import TOO_FEW


def scores(seed: int = 0, size: int = 200) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(0, 1, size), random.normal(1.5, 1, size // 2)


def test_auroc_agrees_with_scikit_learn():
    known, negatives = scores()
    truth = np.repeat([0, 1], [len(known), len(negatives)])
    expected = roc_auc_score(truth, np.concatenate([known, negatives]))
    assert evaluate_unknown_detection(known, negatives, 1.0).auroc.value == pytest.approx(expected)


def test_ties_count_half():
    known, negatives = (np.round(each) for each in scores())
    truth = np.repeat([0, 1], [len(known), len(negatives)])
    expected = roc_auc_score(truth, np.concatenate([known, negatives]))
    assert evaluate_unknown_detection(known, negatives, 1.0).auroc.value == pytest.approx(expected)
    assert evaluate_unknown_detection(np.ones(30), np.ones(30), 1.0).auroc.value == pytest.approx(0.5)


def test_a_score_at_the_threshold_is_known():
    result = evaluate_unknown_detection(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0]), 3.0)
    assert result.kept.value == pytest.approx(0.75)
    assert result.rejected.value == pytest.approx(0.5)


def test_shares_have_wilson_intervals_even_where_all_are_rejected():
    result = evaluate_unknown_detection(np.zeros(50), np.ones(40), 0.5)
    assert result.auroc.value == result.kept.value == result.rejected.value == 1.0
    assert 0.85 < result.rejected.low < 0.95
    assert 0.85 < result.auroc.low < 0.95


def test_the_interval_of_the_auroc_covers_a_known_one():
    truth = 0.8555778  # for two unit normals 1.5 independent
    inside = 0
    for seed in range(100):
        interval = evaluate_unknown_detection(*scores(seed), 1.0).auroc
        inside += interval.low <= truth <= interval.high
    assert inside >= 89


def test_dependent_negatives_widen_the_interval():
    known, negatives = scores(size=400)
    negatives = np.repeat(negatives[:40], 5)
    independent = evaluate_unknown_detection(known, negatives, 1.0).rejected
    grouped = evaluate_unknown_detection(known, negatives, 1.0, negative_groups=np.repeat(np.arange(40), 5)).rejected
    assert grouped.high - grouped.low > 1.5 * (independent.high - independent.low)


def test_dependent_pictures_widen_the_interval_of_the_auroc():
    known, negatives = scores(size=80)
    group = np.repeat(np.arange(40), 5)
    known, negatives = np.repeat(known[:40], 5), np.repeat(negatives, 5)
    independent = evaluate_unknown_detection(known, negatives, 1.0).auroc
    grouped = evaluate_unknown_detection(known, negatives, 1.0, known_groups=group, negative_groups=group).auroc
    once = evaluate_unknown_detection(known[::5], negatives[::5], 1.0).auroc
    assert grouped.value == pytest.approx(independent.value)
    assert grouped.high - grouped.low > 1.6 * (independent.high - independent.low)
    assert (grouped.low, grouped.high) == pytest.approx((once.low, once.high), abs=0.01)


def test_a_burst_of_negatives_is_too_few_groups_for_an_auroc():
    known, negatives = scores()
    burst = np.r_[np.zeros(60, int), np.arange(1, 41)]
    result = evaluate_unknown_detection(known, negatives, 1.0, negative_groups=burst)
    assert result.auroc.note == result.rejected.note == TOO_FEW
    assert result.kept.low is not None


def test_copies_that_share_one_weight_change_nothing():
    known, negatives = scores()
    once = evaluate_unknown_detection(known, negatives, 1.0)
    twice = evaluate_unknown_detection(
        np.repeat(known, 2),
        np.repeat(negatives, 2),
        1.0,
        known_groups=np.repeat(np.arange(200), 2),
        negative_groups=np.repeat(np.arange(100), 2),
        known_weights=np.full(400, 0.5),
        negative_weights=np.full(200, 0.5),
    )
    for name in ("auroc", "kept", "rejected"):
        a, b = getattr(once, name), getattr(twice, name)
        assert (b.value, b.low, b.high) == pytest.approx((a.value, a.low, a.high))


def test_without_a_threshold_nothing_is_rejected():
    result = evaluate_unknown_detection(*scores(), np.inf)
    assert (result.kept.value, result.rejected.value) == (1.0, 0.0)


def test_few_pictures_have_no_intervals():
    result = evaluate_unknown_detection(np.arange(5.0), np.arange(5.0) + 2, 3.0)
    assert result.auroc.note == result.kept.note == result.rejected.note == TOO_FEW


def test_without_negatives_the_value_is_null():
    result = evaluate_unknown_detection(np.arange(30.0), np.array([]), 3.0)
    assert result.auroc.value is None
    assert result.rejected.value is None
    assert json.loads(json.dumps(result.to_json(), allow_nan=False))["known"] == 30


@pytest.mark.parametrize(
    ("known", "negatives", "threshold"),
    [(np.array([np.nan]), np.ones(2), 1.0), (np.ones(2), np.ones((2, 2)), 1.0), (np.ones(2), np.ones(2), np.nan)],
)
def test_invalid_scores_are_refused(known, negatives, threshold):
    with pytest.raises(UsageError):
        evaluate_unknown_detection(known, negatives, threshold)
