"""Conformal sets: the stated coverage holds for any head, and over groups."""

import numpy as np
import pytest

from discern.bundle.prediction_sets import label_sets
from discern.errors import UsageError
from discern.heads.policy.conformal import fit_prediction_sets


def predictions(
    random: np.random.Generator, size: int, *, skill: float, classes: int = 6
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are calibrated by construction, and labels drawn from them."""
    powers = np.exp(skill * random.normal(size=(size, classes)))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    luck = random.random((size, 1))
    return probabilities, np.minimum((probabilities.cumsum(axis=1) < luck).sum(axis=1), classes - 1)


def covered(probabilities: np.ndarray, truth: np.ndarray, threshold: float) -> np.ndarray:
    return label_sets(probabilities, threshold)[np.arange(len(truth)), truth]


def mean_coverage(nominal: float, *, skill: float, size: int = 100, draws: int = 400) -> float:
    """Mean coverage of many new pictures over calibration sets."""
    random = np.random.default_rng(1)
    probabilities, truth = predictions(random, 50_000, skill=skill)
    true_probability = probabilities[np.arange(len(truth)), truth]
    true_probability[probabilities.argmax(axis=1) == truth] = 1.0
    thresholds = [fit_prediction_sets(*predictions(random, size, skill=skill), coverage=nominal) for _ in range(draws)]
    return float(1 - np.searchsorted(np.sort(true_probability), thresholds).mean() / len(true_probability))


@pytest.mark.parametrize("nominal", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("skill", [0.5, 1.5, 3.0])
def test_the_coverage_is_reached_and_hardly_exceeded(nominal: float, skill: float):
    assert nominal - 0.01 <= mean_coverage(nominal, skill=skill) <= nominal + 0.02


def test_sets_have_one_label_if_the_accuracy_exceeds_the_coverage():
    probabilities, truth = predictions(np.random.default_rng(0), 2000, skill=20)
    threshold = fit_prediction_sets(probabilities, truth, coverage=0.8)
    assert threshold == 1.0
    assert label_sets(probabilities, threshold).sum(axis=1).max() == 1


def test_an_overconfident_head_is_covered():
    random = np.random.default_rng(2)
    probabilities, _ = predictions(random, 4000, skill=4)
    truth = random.integers(6, size=4000)
    threshold = fit_prediction_sets(probabilities[:2000], truth[:2000])
    assert covered(probabilities[2000:], truth[2000:], threshold).mean() == pytest.approx(0.9, abs=0.025)


def test_sets_have_every_label_if_there_are_too_few_groups():
    probabilities, truth = predictions(np.random.default_rng(0), 80, skill=3)
    assert fit_prediction_sets(probabilities, truth, groups=np.arange(80) % 8) == 0.0
    assert fit_prediction_sets(probabilities[:0], truth[:0]) == 0.0
    assert fit_prediction_sets(probabilities, truth, groups=np.arange(80) % 9, coverage=0.9) <= probabilities.max()


def test_nine_groups_are_just_enough_for_90_percent():
    probabilities = np.tile([0.6, 0.3, 0.1], (9, 1))
    assert fit_prediction_sets(probabilities, np.array([0] * 8 + [1])) == pytest.approx(0.3)
    assert fit_prediction_sets(probabilities[:8], np.array([0] * 7 + [1])) == 0.0


def test_a_large_group_weighs_as_much_as_one_picture():
    probabilities, truth = predictions(np.random.default_rng(4), 200, skill=2)
    group = np.full(1000, 3)
    repeated = np.concatenate([probabilities, probabilities[group]])
    groups = np.concatenate([np.arange(200), group])
    with_group = fit_prediction_sets(repeated, np.concatenate([truth, truth[group]]), groups=groups)
    assert with_group == fit_prediction_sets(probabilities, truth)


def test_groups_with_common_errors_are_covered_in_new_groups():
    random = np.random.default_rng(5)
    coverage = []
    for _ in range(300):
        probabilities, truth = predictions(random, 200, skill=1.5)
        sizes = random.geometric(0.3, 200)
        groups = np.repeat(np.arange(200), sizes)
        known = groups < 100
        threshold = fit_prediction_sets(probabilities[groups][known], truth[groups][known], groups=groups[known])
        coverage.append(covered(probabilities[100:], truth[100:], threshold).mean())
    assert 0.89 <= np.mean(coverage) <= 0.92


def test_weights_are_relative_within_a_group():
    probabilities, truth = predictions(np.random.default_rng(6), 60, skill=2)
    doubled = np.repeat(np.arange(60), 2)
    weights = np.tile([1.0, 0.0], 60)
    wrong = np.where(weights > 0, truth[doubled], (truth[doubled] + 1) % 6)
    assert fit_prediction_sets(probabilities[doubled], wrong, groups=doubled, weights=weights) == fit_prediction_sets(
        probabilities, truth
    )


@pytest.mark.parametrize(
    ("truth", "options"),
    [
        (np.array([0, 1, 3]), {}),
        (np.array([0, -1, 1]), {}),
        (np.array([0, 1]), {}),
        (np.array([0, 1, 2]), {"coverage": 1.0}),
        (np.array([0, 1, 2]), {"groups": np.arange(2)}),
        (np.array([0, 1, 2]), {"weights": np.array([1.0, -1.0, 1.0])}),
    ],
)
def test_invalid_arguments_are_rejected(truth, options):
    with pytest.raises(UsageError):
        fit_prediction_sets(np.full((3, 3), 1 / 3), truth, **options)
