"""Sets hold the truth as often as was asked, whatever the head is worth, and heed groups."""

import numpy as np
import pytest

from discern.bundle.prediction_sets import label_sets
from discern.errors import UsageError
from discern.heads.policy.conformal import fit_prediction_sets


def answers(random: np.random.Generator, size: int, *, skill: float, classes: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are calibrated by construction: the truth is drawn from them."""
    powers = np.exp(skill * random.normal(size=(size, classes)))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    luck = random.random((size, 1))
    return probabilities, np.minimum((probabilities.cumsum(axis=1) < luck).sum(axis=1), classes - 1)


def held(probabilities: np.ndarray, truth: np.ndarray, threshold: float) -> np.ndarray:
    return label_sets(probabilities, threshold)[np.arange(len(truth)), truth]


def mean_coverage(nominal: float, *, skill: float, size: int = 100, draws: int = 400) -> float:
    """Over calibrations, each threshold set against the same many pictures to come."""
    random = np.random.default_rng(1)
    probabilities, truth = answers(random, 50_000, skill=skill)
    own = probabilities[np.arange(len(truth)), truth]
    own[probabilities.argmax(axis=1) == truth] = 1.0
    thresholds = [fit_prediction_sets(*answers(random, size, skill=skill), coverage=nominal) for _ in range(draws)]
    return float(1 - np.searchsorted(np.sort(own), thresholds).mean() / len(own))


@pytest.mark.parametrize("nominal", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("skill", [0.5, 1.5, 3.0])
def test_coverage_is_what_was_asked_where_the_top_class_is_not_enough(nominal: float, skill: float):
    assert nominal - 0.01 <= mean_coverage(nominal, skill=skill) <= nominal + 0.02


def test_a_head_that_is_right_more_often_than_asked_names_one_label():
    probabilities, truth = answers(np.random.default_rng(0), 2000, skill=20)
    threshold = fit_prediction_sets(probabilities, truth, coverage=0.8)
    assert threshold == 1.0
    assert label_sets(probabilities, threshold).sum(axis=1).max() == 1


def test_a_head_that_is_sure_and_wrong_is_covered_too():
    random = np.random.default_rng(2)
    probabilities, _ = answers(random, 4000, skill=4)
    truth = random.integers(6, size=4000)
    threshold = fit_prediction_sets(probabilities[:2000], truth[:2000])
    assert held(probabilities[2000:], truth[2000:], threshold).mean() == pytest.approx(0.9, abs=0.025)


def test_with_too_few_groups_every_label_is_in():
    probabilities, truth = answers(np.random.default_rng(0), 80, skill=3)
    assert fit_prediction_sets(probabilities, truth, groups=np.arange(80) % 8) == 0.0
    assert fit_prediction_sets(probabilities[:0], truth[:0]) == 0.0
    assert fit_prediction_sets(probabilities, truth, groups=np.arange(80) % 9, coverage=0.9) <= probabilities.max()


def test_nine_groups_are_just_enough_for_nine_tenths():
    probabilities = np.tile([0.6, 0.3, 0.1], (9, 1))
    assert fit_prediction_sets(probabilities, np.array([0] * 8 + [1])) == pytest.approx(0.3)
    assert fit_prediction_sets(probabilities[:8], np.array([0] * 7 + [1])) == 0.0


def test_a_long_film_has_no_more_say_than_one_picture():
    probabilities, truth = answers(np.random.default_rng(4), 200, skill=2)
    film = np.full(1000, 3)
    repeated = np.concatenate([probabilities, probabilities[film]])
    groups = np.concatenate([np.arange(200), film])
    with_film = fit_prediction_sets(repeated, np.concatenate([truth, truth[film]]), groups=groups)
    assert with_film == fit_prediction_sets(probabilities, truth)


def test_groups_that_are_wrong_together_are_covered_in_new_groups():
    random = np.random.default_rng(5)
    coverage = []
    for _ in range(300):
        probabilities, truth = answers(random, 200, skill=1.5)
        sizes = random.geometric(0.3, 200)
        groups = np.repeat(np.arange(200), sizes)
        known = groups < 100
        threshold = fit_prediction_sets(probabilities[groups][known], truth[groups][known], groups=groups[known])
        coverage.append(held(probabilities[100:], truth[100:], threshold).mean())
    assert 0.89 <= np.mean(coverage) <= 0.92


def test_weights_are_parts_of_a_groups_say():
    probabilities, truth = answers(np.random.default_rng(6), 60, skill=2)
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
def test_arguments_that_make_no_sense_are_refused(truth, options):
    with pytest.raises(UsageError):
        fit_prediction_sets(np.full((3, 3), 1 / 3), truth, **options)
