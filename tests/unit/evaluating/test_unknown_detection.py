"""Strangers and known pictures: ties, thresholds, intervals."""

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
    known, strangers = scores()
    truth = np.repeat([0, 1], [len(known), len(strangers)])
    expected = roc_auc_score(truth, np.concatenate([known, strangers]))
    assert evaluate_unknown_detection(known, strangers, 1.0).auroc.value == pytest.approx(expected)


def test_ties_count_half():
    known, strangers = (np.round(each) for each in scores())
    truth = np.repeat([0, 1], [len(known), len(strangers)])
    expected = roc_auc_score(truth, np.concatenate([known, strangers]))
    assert evaluate_unknown_detection(known, strangers, 1.0).auroc.value == pytest.approx(expected)
    assert evaluate_unknown_detection(np.ones(30), np.ones(30), 1.0).auroc.value == pytest.approx(0.5)


def test_a_score_on_the_threshold_is_known():
    figures = evaluate_unknown_detection(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0]), 3.0)
    assert figures.kept.value == pytest.approx(0.75)
    assert figures.rejected.value == pytest.approx(0.5)


def test_shares_have_wilson_intervals_even_where_all_are_rejected():
    figures = evaluate_unknown_detection(np.zeros(50), np.ones(40), 0.5)
    assert figures.auroc.value == figures.kept.value == figures.rejected.value == 1.0
    assert 0.85 < figures.rejected.low < 0.95
    assert 0.85 < figures.auroc.low < 0.95


def test_the_interval_of_the_auroc_covers_a_known_one():
    truth = 0.8555778  # for two unit normals 1.5 apart
    inside = 0
    for seed in range(100):
        figure = evaluate_unknown_detection(*scores(seed), 1.0).auroc
        inside += figure.low <= truth <= figure.high
    assert inside >= 89


def test_films_of_strangers_widen_their_share():
    known, strangers = scores(size=400)
    strangers = np.repeat(strangers[:40], 5)
    apart = evaluate_unknown_detection(known, strangers, 1.0).rejected
    together = evaluate_unknown_detection(known, strangers, 1.0, stranger_groups=np.repeat(np.arange(40), 5)).rejected
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_without_a_threshold_nothing_is_rejected():
    figures = evaluate_unknown_detection(*scores(), np.inf)
    assert (figures.kept.value, figures.rejected.value) == (1.0, 0.0)


def test_few_pictures_have_no_intervals():
    figures = evaluate_unknown_detection(np.arange(5.0), np.arange(5.0) + 2, 3.0)
    assert figures.auroc.note == figures.kept.note == figures.rejected.note == TOO_FEW


def test_no_strangers_is_null_and_json_ready():
    figures = evaluate_unknown_detection(np.arange(30.0), np.array([]), 3.0)
    assert figures.auroc.value is None
    assert figures.rejected.value is None
    assert json.loads(json.dumps(figures.to_json(), allow_nan=False))["known"] == 30


@pytest.mark.parametrize(
    ("known", "strangers", "threshold"),
    [(np.array([np.nan]), np.ones(2), 1.0), (np.ones(2), np.ones((2, 2)), 1.0), (np.ones(2), np.ones(2), np.nan)],
)
def test_scores_that_make_no_sense_are_refused(known, strangers, threshold):
    with pytest.raises(UsageError):
        evaluate_unknown_detection(known, strangers, threshold)
