"""LDA: agrees with scikit-learn, shrinks by OAS, and is defined for tiny sets."""

import numpy as np
import pytest
from sklearn.covariance import OAS
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from discern.heads.feature_space import FeatureSpace
from discern.heads.lda import LinearFit, Scatter, fit_lda
from discern.heads.moments import Moments


class Plain(FeatureSpace):
    """Space without scaling or rotation, so that fits can be compared with scikit-learn."""

    def __init__(self, rows: np.ndarray) -> None:
        super().__init__(np.ones((1, rows.shape[1]), np.float32), ((0, rows.shape[1]),), (1.0,))
        self._rotated = rows


def scatter_of(rows: np.ndarray, labels: np.ndarray, classes: int, weights: np.ndarray | None = None) -> Scatter:
    weights = np.ones(len(rows)) if weights is None else weights
    moments = Moments.from_rows(Plain(rows), np.arange(len(rows)), labels, weights, classes)
    return Scatter.from_moments(moments, rows.shape[1])


@pytest.fixture
def made():
    generator = np.random.default_rng(0)
    labels = np.arange(90) % 3
    rows = generator.standard_normal((3, 5))[labels] + generator.standard_normal((90, 5)) @ np.diag([1, 2, 0.5, 1, 3])
    return rows, labels


@pytest.mark.parametrize("shrinkage", [0.1, 0.5, 1.0])
def test_it_agrees_with_scikit_learn(made, shrinkage):
    rows, labels = made
    reference = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(rows, labels)
    expected = reference.decision_function(rows)
    ours = fit_lda(scatter_of(rows, labels, 3), shrinkage).logits(rows)
    np.testing.assert_allclose(ours, expected - expected.mean(axis=1, keepdims=True), atol=0.02)
    np.testing.assert_array_equal(ours.argmax(axis=1), expected.argmax(axis=1))


def test_the_shrinkage_is_the_oracle_approximation(made):
    rows, labels = made
    centred = rows - np.stack([rows[labels == label].mean(axis=0) for label in range(3)])[labels]
    expected = OAS(assume_centered=True).fit(centred).shrinkage_
    assert scatter_of(rows, labels, 3).shrinkage == pytest.approx(expected, rel=0.1)


def test_fewer_pictures_are_shrunk_more(made):
    rows, labels = made
    assert scatter_of(rows[:12], labels[:12], 3).shrinkage > scatter_of(rows, labels, 3).shrinkage


def test_logits_of_the_classes_present_sum_to_zero(made):
    rows, labels = made
    linear = fit_lda(scatter_of(rows, labels * 2, 6), 0.2)
    assert linear.present.tolist() == [True, False, True, False, True, False]
    assert not linear.weight[:, 1].any()
    np.testing.assert_allclose(linear.logits(rows).sum(axis=1), 0, atol=1e-9)


def test_one_picture_a_class_still_gives_a_head():
    rows = np.eye(4)[:3]
    scatter = scatter_of(rows, np.arange(3), 3)
    linear = fit_lda(scatter, scatter.shrinkage)
    assert linear.logits(rows).argmax(axis=1).tolist() == [0, 1, 2]


def test_a_single_picture_gives_zeros_not_an_error():
    scatter = scatter_of(np.ones((1, 3)), np.array([1]), 2)
    logits = fit_lda(scatter, scatter.shrinkage).logits(np.ones((2, 3)))
    assert np.isfinite(logits).all()


def test_a_covariance_too_ill_conditioned_for_float32_is_solved():
    generator = np.random.default_rng(0)
    rows = generator.standard_normal((50, 6)) * np.array([1e5, 1, 1, 1, 1, 1e-4])
    linear = fit_lda(scatter_of(rows, np.arange(50) % 2, 2), 1e-14)
    assert np.isfinite(linear.weight).all()


def test_weights_equal_repetition(made):
    rows, labels = made
    doubled, twice = np.concatenate([rows, rows[:30]]), np.concatenate([labels, labels[:30]])
    weights = np.concatenate([np.full(30, 0.5), np.ones(60), np.full(30, 0.5)])
    once, shared = scatter_of(rows, labels, 3), scatter_of(doubled, twice, 3, weights)
    assert shared.shrinkage == pytest.approx(once.shrinkage)
    np.testing.assert_allclose(fit_lda(shared, 0.3).weight, fit_lda(once, 0.3).weight, atol=1e-8)


def test_centred_inserts_zeros_for_absent_classes():
    linear = LinearFit.centred(np.array([[1.0, 3.0]]), np.array([2.0, 0.0]), np.array([True, False, True]))
    np.testing.assert_allclose(linear.weight, [[-1, 0, 1]])
    np.testing.assert_allclose(linear.bias, [1, 0, -1])
