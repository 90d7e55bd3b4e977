"""Distances on a scale are those of the textbook, and their intervals heed groups and weights."""

import json

import numpy as np
import pytest
from sklearn import metrics

from discern.errors import UsageError
from discern.evaluating.intervals import TOO_FEW
from discern.evaluating.ordinal_metrics import evaluate_ordinal


def answers(seed: int = 0, size: int = 300, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, size)
    return truth, np.clip(truth + random.integers(-2, 3, size) * (random.random(size) < 0.5), 0, classes - 1)


def test_figures_agree_with_scikit_learn():
    truth, predicted = answers()
    weights = np.random.default_rng(1).random(300)
    figures = evaluate_ordinal(truth, predicted, weights=weights)
    kappa = metrics.cohen_kappa_score(truth, predicted, weights="quadratic", sample_weight=weights)
    squared = metrics.mean_squared_error(truth, predicted, sample_weight=weights)
    assert figures.mae.value == pytest.approx(metrics.mean_absolute_error(truth, predicted, sample_weight=weights))
    assert figures.rmse.value == pytest.approx(np.sqrt(squared))
    assert figures.quadratic_kappa.value == pytest.approx(kappa)
    assert figures.within_one.value == pytest.approx(np.average(np.abs(truth - predicted) <= 1, weights=weights))


def test_values_lie_in_their_intervals():
    figures = evaluate_ordinal(*answers())
    for name in ("mae", "rmse", "quadratic_kappa", "within_one", "mae_of_median"):
        figure = getattr(figures, name)
        assert figure.low < figure.value < figure.high, name


def test_perfect_answers_are_perfect():
    truth, _ = answers()
    figures = evaluate_ordinal(truth, truth)
    assert (figures.mae.value, figures.rmse.value) == (0.0, 0.0)
    assert (figures.quadratic_kappa.value, figures.within_one.value) == (1.0, 1.0)
    assert figures.within_one.low > 0.97


def test_answers_turned_round_are_worse_than_chance():
    truth, _ = answers()
    figures = evaluate_ordinal(truth, 4 - truth)
    assert figures.quadratic_kappa.value < -0.9
    assert figures.quadratic_kappa.low >= -1


def test_no_constant_answer_is_nearer_than_the_median():
    truth = np.random.default_rng(2).choice(5, 200, p=[0.5, 0.1, 0.1, 0.1, 0.2])
    weights = np.random.default_rng(3).random(200)
    figures = evaluate_ordinal(truth, np.full(200, 4), weights=weights)
    distances = [np.average(np.abs(truth - place), weights=weights) for place in range(5)]
    assert figures.mae_of_median.value == pytest.approx(min(distances))
    assert figures.median == int(np.argmin(distances))


def test_weights_move_the_median():
    truth = np.array([0] * 30 + [3] * 20)
    weights = np.array([1.0] * 30 + [2.0] * 20)
    assert evaluate_ordinal(truth, truth).median == 0
    assert evaluate_ordinal(truth, truth, weights=weights).median == 3


def test_always_the_same_answer_agrees_no_more_than_chance():
    truth, _ = answers()
    figures = evaluate_ordinal(truth, np.full(300, 2))
    assert figures.quadratic_kappa.value == pytest.approx(0.0)


def test_agreement_on_one_label_is_undefined():
    figures = evaluate_ordinal(np.full(50, 2), np.full(50, 2))
    assert figures.quadratic_kappa.value is None
    assert figures.mae.value == 0.0
    json.dumps(figures.to_json(), allow_nan=False)


def test_pictures_that_belong_together_widen_the_intervals():
    truth, predicted = (np.repeat(each, 10) for each in answers(size=60))
    apart = evaluate_ordinal(truth, predicted)
    together = evaluate_ordinal(truth, predicted, groups=np.repeat(np.arange(60), 10))
    for name in ("mae", "quadratic_kappa", "within_one"):
        wide, narrow = getattr(together, name), getattr(apart, name)
        assert wide.high - wide.low > 2 * (narrow.high - narrow.low), name


def test_the_interval_of_the_agreement_covers_that_of_many():
    many = metrics.cohen_kappa_score(*answers(seed=99, size=200_000), weights="quadratic")
    figures = [evaluate_ordinal(*answers(seed=seed, size=120)).quadratic_kappa for seed in range(40)]
    assert sum(each.low <= many <= each.high for each in figures) >= 34


def test_few_groups_have_values_and_no_intervals():
    figures = evaluate_ordinal(*answers(), groups=np.arange(300) % 19)
    assert figures.quadratic_kappa.value is not None
    assert figures.mae.note == figures.quadratic_kappa.note == figures.within_one.note == TOO_FEW


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [
        (np.array([0, 1]), np.array([0.5, 1.0])),
        (np.array([0, 1]), np.array([0, 1, 2])),
        (np.array([[0, 1]]), np.array([[0, 1]])),
        (np.array([0, -1]), np.array([0, 1])),
        (np.array([0, 1]), np.array([0, -1])),
        (np.array([], int), np.array([], int)),
    ],
)
def test_places_that_make_no_sense_are_refused(truth: np.ndarray, predicted: np.ndarray):
    with pytest.raises(UsageError):
        evaluate_ordinal(truth, predicted)
