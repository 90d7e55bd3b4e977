"""Metrics of ordered labels, compared with scikit-learn, with intervals by groups and weights."""

import json

import numpy as np
import pytest
from sklearn import metrics

from discern.errors import UsageError
from discern.evaluating.intervals import TOO_FEW
from discern.evaluating.ordinal_metrics import evaluate_ordinal


def predictions(seed: int = 0, size: int = 300, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, size)
    return truth, np.clip(truth + random.integers(-2, 3, size) * (random.random(size) < 0.5), 0, classes - 1)


def test_metrics_agree_with_scikit_learn():
    truth, predicted = predictions()
    weights = np.random.default_rng(1).random(300)
    result = evaluate_ordinal(truth, predicted, weights=weights)
    kappa = metrics.cohen_kappa_score(truth, predicted, weights="quadratic", sample_weight=weights)
    squared = metrics.mean_squared_error(truth, predicted, sample_weight=weights)
    assert result.mae.value == pytest.approx(metrics.mean_absolute_error(truth, predicted, sample_weight=weights))
    assert result.rmse.value == pytest.approx(np.sqrt(squared))
    assert result.quadratic_kappa.value == pytest.approx(kappa)
    assert result.within_one.value == pytest.approx(np.average(np.abs(truth - predicted) <= 1, weights=weights))


def test_values_lie_in_their_intervals():
    result = evaluate_ordinal(*predictions())
    for name in ("mae", "rmse", "quadratic_kappa", "within_one", "mae_of_median"):
        interval = getattr(result, name)
        assert interval.low < interval.value < interval.high, name


def test_perfect_predictions():
    truth, _ = predictions()
    result = evaluate_ordinal(truth, truth)
    assert (result.mae.value, result.rmse.value) == (0.0, 0.0)
    assert (result.quadratic_kappa.value, result.within_one.value) == (1.0, 1.0)
    assert result.within_one.low > 0.97


def test_reversed_predictions_are_worse_than_chance():
    truth, _ = predictions()
    result = evaluate_ordinal(truth, 4 - truth)
    assert result.quadratic_kappa.value < -0.9
    assert result.quadratic_kappa.low >= -1


def test_the_median_is_the_best_constant_prediction():
    truth = np.random.default_rng(2).choice(5, 200, p=[0.5, 0.1, 0.1, 0.1, 0.2])
    weights = np.random.default_rng(3).random(200)
    result = evaluate_ordinal(truth, np.full(200, 4), weights=weights)
    distances = [np.average(np.abs(truth - place), weights=weights) for place in range(5)]
    assert result.mae_of_median.value == pytest.approx(min(distances))
    assert result.median == int(np.argmin(distances))


def test_weights_move_the_median():
    truth = np.array([0] * 30 + [3] * 20)
    weights = np.array([1.0] * 30 + [2.0] * 20)
    assert evaluate_ordinal(truth, truth).median == 0
    assert evaluate_ordinal(truth, truth, weights=weights).median == 3


def test_a_constant_prediction_has_a_kappa_of_0():
    truth, _ = predictions()
    result = evaluate_ordinal(truth, np.full(300, 2))
    assert result.quadratic_kappa.value == pytest.approx(0.0)


def test_kappa_of_one_label_is_undefined():
    result = evaluate_ordinal(np.full(50, 2), np.full(50, 2))
    assert result.quadratic_kappa.value is None
    assert result.mae.value == 0.0
    json.dumps(result.to_json(), allow_nan=False)


def test_dependent_pictures_widen_the_intervals():
    truth, predicted = (np.repeat(each, 10) for each in predictions(size=60))
    independent = evaluate_ordinal(truth, predicted)
    grouped = evaluate_ordinal(truth, predicted, groups=np.repeat(np.arange(60), 10))
    for name in ("mae", "quadratic_kappa", "within_one"):
        wide, narrow = getattr(grouped, name), getattr(independent, name)
        assert wide.high - wide.low > 2 * (narrow.high - narrow.low), name


def test_the_interval_of_kappa_covers_the_population_value():
    population = metrics.cohen_kappa_score(*predictions(seed=99, size=200_000), weights="quadratic")
    result = [evaluate_ordinal(*predictions(seed=seed, size=120)).quadratic_kappa for seed in range(40)]
    assert sum(each.low <= population <= each.high for each in result) >= 34


def test_few_groups_have_values_and_no_intervals():
    result = evaluate_ordinal(*predictions(), groups=np.arange(300) % 19)
    assert result.quadratic_kappa.value is not None
    assert result.mae.note == result.quadratic_kappa.note == result.within_one.note == TOO_FEW


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
def test_invalid_indices_are_refused(truth: np.ndarray, predicted: np.ndarray):
    with pytest.raises(UsageError):
        evaluate_ordinal(truth, predicted)
