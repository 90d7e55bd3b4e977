"""The calibration error is debiased, knows what chance alone shows, and heeds groups."""

import json

import numpy as np
import pytest

from discern.errors import UsageError
from discern.evaluating import evaluate_calibration
from discern.evaluating.calibration import BINS, equal_mass_bins
from discern.evaluating.intervals import TOO_FEW


def answers(size: int, *, too_sure: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.5, 0.95, size)
    return confidence, random.random(size) < confidence - too_sure


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


def test_bins_heed_weights():
    confidence = np.linspace(0, 1, 100)
    weight = np.where(confidence < 0.5, 3.0, 1.0)
    bins = equal_mass_bins(confidence, weight, bins=4)
    mass = np.bincount(bins, weight)
    assert np.ptp(mass) <= 6


def test_a_perfect_model_has_a_smaller_error_than_the_plain_estimate_says():
    ours, plain = [], []
    for seed in range(20):
        confidence, correct = answers(400, seed=seed)
        ours.append(evaluate_calibration(confidence, correct).ece.value)
        plain.append(plain_error(confidence, correct))
    assert np.mean(ours) < 0.7 * np.mean(plain)


def test_a_model_that_is_too_sure_is_found_out():
    figure = evaluate_calibration(*answers(4000, too_sure=0.1))
    assert figure.ece.value == pytest.approx(0.1, abs=0.02)
    assert figure.ece.low < 0.1 < figure.ece.high
    assert figure.ece.low > figure.null95


def test_a_perfect_model_may_have_no_error_at_all():
    figure = evaluate_calibration(*answers(2000))
    assert figure.ece.value <= figure.null95
    assert figure.ece.low == 0.0


def test_what_chance_shows_shrinks_with_more_pictures():
    few, many = (evaluate_calibration(*answers(size)).null95 for size in (200, 5000))
    assert many < 0.4 * few


def test_what_chance_shows_is_wider_where_pictures_belong_together():
    confidence, correct = (np.repeat(each, 10) for each in answers(100))
    apart = evaluate_calibration(confidence, correct)
    together = evaluate_calibration(confidence, correct, groups=np.repeat(np.arange(100), 10))
    assert together.null95 > 1.8 * apart.null95


def test_groups_that_mean_nothing_change_little():
    confidence, correct = answers(1000)
    apart = evaluate_calibration(confidence, correct)
    random_pairs = evaluate_calibration(confidence, correct, groups=np.arange(1000) // 2)
    assert random_pairs.null95 == pytest.approx(apart.null95, rel=0.25)
    assert random_pairs.ece.value == pytest.approx(apart.ece.value, abs=0.01)


def test_the_curve_has_the_numbers_of_its_bins():
    figure = evaluate_calibration(*answers(1500, too_sure=0.1))
    assert len(figure.bins) == BINS
    assert sum(each.pictures for each in figure.bins) == 1500
    assert all(each.low <= each.accuracy <= each.high for each in figure.bins)
    confidences = [each.confidence for each in figure.bins]
    assert confidences == sorted(confidences)


def test_the_order_of_the_pictures_does_not_matter():
    confidence, correct = answers(300)
    shuffled = np.random.default_rng(5).permutation(300)
    first = evaluate_calibration(confidence, correct, groups=np.arange(300) // 3)
    again = evaluate_calibration(confidence[shuffled], correct[shuffled], groups=(np.arange(300) // 3)[shuffled])
    assert again.ece.value == pytest.approx(first.ece.value)
    assert again.ece.high == pytest.approx(first.ece.high)


def test_few_groups_have_a_value_and_no_interval():
    figure = evaluate_calibration(*answers(100), groups=np.arange(100) % 10)
    assert figure.ece.value is not None
    assert figure.ece.note == TOO_FEW
    assert figure.null95 is None


@pytest.mark.parametrize("size", [1, 2, 5, 20, 31])
def test_small_sets_are_judged_without_a_fuss(size: int):
    confidence, correct = answers(size)
    figure = evaluate_calibration(confidence, correct)
    json.dumps(figure.to_json(), allow_nan=False)
    assert 0 <= figure.ece.value <= 1
    assert sum(each.pictures for each in figure.bins) == size


def test_full_certainty_that_is_right_is_no_error():
    figure = evaluate_calibration(np.ones(50), np.ones(50, dtype=bool))
    assert figure.ece.value == pytest.approx(0.0)
    assert figure.null95 == pytest.approx(0.0)


def test_full_certainty_that_is_wrong_is_all_error():
    assert evaluate_calibration(np.ones(50), np.zeros(50, dtype=bool)).ece.value == pytest.approx(1.0)


def test_pictures_without_weight_do_not_count():
    confidence, correct = answers(400)
    wrong = np.concatenate([correct, np.zeros(100, dtype=bool)])
    weight = np.array([1.0] * 400 + [0.0] * 100)
    with_them = evaluate_calibration(np.concatenate([confidence, np.full(100, 0.99)]), wrong, weights=weight)
    assert with_them.ece.value == pytest.approx(evaluate_calibration(confidence, correct).ece.value)


def test_nothing_to_judge_is_null():
    figure = evaluate_calibration(np.array([]), np.array([], dtype=bool))
    assert figure.to_json()["ece"]["value"] is None
    assert figure.to_json()["reliability"] == []


@pytest.mark.parametrize(
    ("confidence", "correct"),
    [(np.array([1.2]), np.array([1])), (np.array([np.nan]), np.array([1])), (np.ones(3), np.ones(2))],
)
def test_confidences_that_make_no_sense_are_refused(confidence, correct):
    with pytest.raises(UsageError):
        evaluate_calibration(confidence, correct)
