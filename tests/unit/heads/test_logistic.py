"""Logistic regression: agrees with scikit-learn, with sample weights and absent classes."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from discern.bundle.heads import softmax
from discern.heads.logistic import fit_logistic


@pytest.fixture
def made():
    generator = np.random.default_rng(0)
    labels = np.arange(80) % 4
    rows = generator.standard_normal((4, 6))[labels] + generator.standard_normal((80, 6))
    return rows * np.array([3, 2, 1, 1, 0.5, 0.1]), labels, generator.uniform(0.2, 1, 80)


@pytest.mark.parametrize("strength", [0.1, 1.0, 10.0])
def test_it_agrees_with_scikit_learn(made, strength):
    rows, labels, weights = made
    reference = LogisticRegression(C=strength, tol=1e-6, max_iter=5000).fit(rows, labels, sample_weight=weights)
    ours = fit_logistic(rows, labels, weights, classes=4, strength=strength)
    np.testing.assert_allclose(softmax(ours.logits(rows)), reference.predict_proba(rows), atol=2e-3)


def test_two_classes_have_half_the_penalty_of_one_weight_vector(made):
    rows, labels, weights = made
    reference = LogisticRegression(C=2.0, tol=1e-6, max_iter=5000).fit(rows, labels % 2, sample_weight=weights)
    ours = fit_logistic(rows, labels % 2, weights, classes=2, strength=1.0)
    np.testing.assert_allclose(softmax(ours.logits(rows)), reference.predict_proba(rows), atol=2e-3)


def test_a_class_without_pictures_is_not_present(made):
    rows, labels, weights = made
    ours = fit_logistic(rows, labels + (labels > 1), weights, classes=6, strength=1.0)
    assert ours.present.tolist() == [True, True, False, True, True, False]
    assert not ours.logits(rows)[:, [2, 5]].any()


def test_weights_equal_repetition(made):
    rows, labels, _ = made
    doubled, twice = np.concatenate([rows, rows[:20]]), np.concatenate([labels, labels[:20]])
    weights = np.concatenate([np.full(20, 0.5), np.ones(60), np.full(20, 0.5)])
    once = fit_logistic(rows, labels, np.ones(80), classes=4, strength=1.0)
    shared = fit_logistic(doubled, twice, weights, classes=4, strength=1.0)
    np.testing.assert_allclose(shared.weight, once.weight, atol=1e-3)


def test_without_columns_it_predicts_the_class_frequencies():
    labels = np.array([0, 0, 0, 1])
    ours = fit_logistic(np.zeros((4, 0)), labels, np.ones(4), classes=2, strength=1.0)
    np.testing.assert_allclose(softmax(ours.logits(np.zeros((1, 0)))), [[0.75, 0.25]], atol=1e-3)


def test_one_class_alone_is_no_error():
    ours = fit_logistic(np.ones((3, 2)), np.ones(3, int), np.ones(3), classes=2, strength=1.0)
    assert ours.present.tolist() == [False, True]
    assert not ours.weight.any()
