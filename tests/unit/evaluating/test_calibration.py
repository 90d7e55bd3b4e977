"""The calibration error: debiased, with a null distribution, and by groups."""

import json

import numpy as np
import pytest
from scipy import sparse

from discern.errors import UsageError
from discern.evaluating import evaluate_calibration
from discern.evaluating.calibration import BINS, equal_mass_bins, resample
from discern.evaluating.intervals import TOO_FEW


def predictions(size: int, *, overconfidence: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.5, 0.95, size)
    return confidence, random.random(size) < confidence - overconfidence


def plain_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    bins = equal_mass_bins(confidence, np.ones(len(confidence)))
    gaps = [abs((correct[bins == each] - confidence[bins == each]).sum()) for each in np.unique(bins)]
    return sum(gaps) / len(confidence)


def test_bins_hold_equal_mass():
    bins = equal_mass_bins(np.random.default_rng(0).random(1500), np.ones(1500))
    assert set(np.bincount(bins)) == {100}


def test_equal_confidences_share_a_bin():
    confidence = np.array([1.0] * 70 + list(np.linspace(0.3, 0.9, 30)))
    bins = equal_mass_bins(confidence, np.ones(100))
    assert len(set(bins[:70])) == 1
    assert bins.max() + 1 < BINS


def test_bins_use_weights():
    confidence = np.linspace(0, 1, 100)
    weight = np.where(confidence < 0.5, 3.0, 1.0)
    bins = equal_mass_bins(confidence, weight, bins=4)
    mass = np.bincount(bins, weight)
    assert np.ptp(mass) <= 6


def test_a_perfect_model_has_a_smaller_error_than_the_plain_estimate():
    ours, plain = [], []
    for seed in range(20):
        confidence, correct = predictions(400, seed=seed)
        ours.append(evaluate_calibration(confidence, correct).ece.value)
        plain.append(plain_error(confidence, correct))
    assert np.mean(ours) < 0.7 * np.mean(plain)


def test_a_model_that_is_overconfidence_is_found_out():
    result = evaluate_calibration(*predictions(4000, overconfidence=0.1))
    assert result.ece.value == pytest.approx(0.1, abs=0.02)
    assert result.ece.low < 0.1 < result.ece.high
    assert result.ece.low > result.null95


def test_the_interval_of_a_perfect_model_includes_0():
    result = evaluate_calibration(*predictions(2000))
    assert result.ece.value <= result.null95
    assert result.ece.low == 0.0


def test_the_null_quantile_shrinks_with_more_pictures():
    few, many = (evaluate_calibration(*predictions(size)).null95 for size in (200, 5000))
    assert many < 0.4 * few


def test_the_null_quantile_is_larger_for_dependent_pictures():
    confidence, correct = (np.repeat(each, 10) for each in predictions(100))
    independent = evaluate_calibration(confidence, correct)
    grouped = evaluate_calibration(confidence, correct, groups=np.repeat(np.arange(100), 10))
    assert grouped.null95 > 1.8 * independent.null95


@pytest.mark.parametrize(("size", "frames"), [(100, 1), (400, 1), (60, 5)])
def test_chance_is_the_mean_error_of_perfect_models_of_that_size(size: int, frames: int):
    group = np.repeat(np.arange(size), frames)
    errors, chances = [], []
    for seed in range(25):
        confidence, correct = (np.repeat(each, frames) for each in predictions(size, seed=seed))
        result = evaluate_calibration(confidence, correct, groups=group, seed=seed)
        errors.append(result.ece.value)
        chances.append(result.chance)
        assert 0 < result.chance < result.null95
    assert np.mean(chances) == pytest.approx(np.mean(errors), rel=0.35)


def test_chance_is_stated_for_few_groups_as_well():
    confidence, correct = predictions(100)
    result = evaluate_calibration(confidence, correct, groups=np.arange(100) % 10)
    assert result.chance > 0
    assert result.to_json()["ece"]["chance"] == result.chance


def test_random_groups_change_little():
    confidence, correct = predictions(1000)
    independent = evaluate_calibration(confidence, correct)
    random_pairs = evaluate_calibration(confidence, correct, groups=np.arange(1000) // 2)
    assert random_pairs.null95 == pytest.approx(independent.null95, rel=0.25)
    assert random_pairs.ece.value == pytest.approx(independent.ece.value, abs=0.01)


def test_the_reliability_curve_has_the_bins():
    result = evaluate_calibration(*predictions(1500, overconfidence=0.1))
    assert len(result.bins) == BINS
    assert sum(each.pictures for each in result.bins) == 1500
    assert all(each.low <= each.accuracy <= each.high for each in result.bins)
    confidences = [each.confidence for each in result.bins]
    assert confidences == sorted(confidences)


def test_the_order_of_the_pictures_does_not_matter():
    confidence, correct = predictions(300)
    shuffled = np.random.default_rng(5).permutation(300)
    first = evaluate_calibration(confidence, correct, groups=np.arange(300) // 3)
    again = evaluate_calibration(confidence[shuffled], correct[shuffled], groups=(np.arange(300) // 3)[shuffled])
    assert again.ece.value == pytest.approx(first.ece.value)
    assert again.ece.high == pytest.approx(first.ece.high)


def test_few_groups_have_a_value_and_no_interval():
    result = evaluate_calibration(*predictions(100), groups=np.arange(100) % 10)
    assert result.ece.value is not None
    assert result.ece.note == TOO_FEW
    assert result.null95 is None


@pytest.mark.parametrize("size", [1, 2, 5, 20, 31])
def test_small_sets_have_a_value(size: int):
    confidence, correct = predictions(size)
    result = evaluate_calibration(confidence, correct)
    json.dumps(result.to_json(), allow_nan=False)
    assert 0 <= result.ece.value <= 1
    assert sum(each.pictures for each in result.bins) == size


def test_certain_correct_predictions_have_no_error():
    result = evaluate_calibration(np.ones(50), np.ones(50, dtype=bool))
    assert result.ece.value == pytest.approx(0.0)
    assert result.null95 == pytest.approx(0.0)


def test_certain_wrong_predictions_have_an_error_of_1():
    assert evaluate_calibration(np.ones(50), np.zeros(50, dtype=bool)).ece.value == pytest.approx(1.0)


def test_pictures_with_weight_0_are_ignored():
    confidence, correct = predictions(400)
    wrong = np.concatenate([correct, np.zeros(100, dtype=bool)])
    weight = np.array([1.0] * 400 + [0.0] * 100)
    with_them = evaluate_calibration(np.concatenate([confidence, np.full(100, 0.99)]), wrong, weights=weight)
    assert with_them.ece.value == pytest.approx(evaluate_calibration(confidence, correct).ece.value)


def test_without_pictures_the_value_is_null():
    result = evaluate_calibration(np.array([]), np.array([], dtype=bool))
    assert result.to_json()["ece"]["value"] is None
    assert result.to_json()["reliability"] == []


@pytest.mark.parametrize(
    ("confidence", "correct"),
    [(np.array([1.2]), np.array([1])), (np.array([np.nan]), np.array([1])), (np.ones(3), np.ones(2))],
)
def test_invalid_confidences_are_refused(confidence, correct):
    with pytest.raises(UsageError):
        evaluate_calibration(confidence, correct)


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
