"""Discriminants through the products of few rows: the same as through the covariance of all coordinates."""

import numpy as np
import pytest

from discern.heads.feature_space import FeatureSpace
from discern.heads.lda import Scatter, fit_lda
from discern.heads.moments import Moments
from discern.heads.row_scatter import RowScatter, scatter_of

WIDTH, CLASSES = 120, 5
LABELS = np.arange(80) % 4  # the last class has no picture


@pytest.fixture
def space() -> FeatureSpace:
    generator = np.random.default_rng(0)
    means = generator.standard_normal((4, WIDTH))
    features = 2 + means[LABELS] + generator.standard_normal((80, WIDTH)) * np.linspace(0.1, 3, WIDTH)
    return FeatureSpace(features.astype(np.float32), ((0, WIDTH),), (1.0,), basis=np.eye(WIDTH, dtype=np.float32))


@pytest.fixture
def weights() -> np.ndarray:
    return np.random.default_rng(1).uniform(0.2, 1, 80)


def through_moments(space: FeatureSpace, positions: np.ndarray, weights: np.ndarray) -> Scatter:
    return Scatter.from_moments(Moments.from_rows(space, positions, LABELS, weights, CLASSES), WIDTH)


def exact_logits(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, shrinkage: float) -> np.ndarray:
    """Discriminant in double precision, by its definition."""
    shares = np.bincount(labels, weights) / weights.sum()
    means = np.stack(
        [np.average(rows[labels == label], axis=0, weights=weights[labels == label]) for label in range(4)]
    )
    inner = rows - means[labels]
    covariance = inner.T @ (inner * weights[:, None]) / weights.sum()
    shrunk = (1 - shrinkage) * covariance + shrinkage * np.trace(covariance) / WIDTH * np.eye(WIDTH)
    weight = np.linalg.solve(shrunk, means.T)
    logits = rows @ weight - np.einsum("kr,rk->k", means, weight) / 2 + np.log(shares)
    return logits - logits.mean(axis=1, keepdims=True)


def test_few_rows_give_the_same_discriminant_as_the_covariance(space, weights):
    positions = np.flatnonzero(np.arange(80) % 5)
    plain, found = through_moments(space, positions, weights), scatter_of(space, positions, LABELS, weights, CLASSES)
    assert isinstance(found, RowScatter)
    assert found.shrinkage == pytest.approx(plain.shrinkage, rel=1e-5)
    assert found.level == pytest.approx(plain.level, rel=1e-5)
    rows = space.rows(positions).astype(np.float64)
    for shrinkage in (plain.shrinkage, plain.shrinkage**0.5, 0.02, 1.0):
        exact = exact_logits(rows, LABELS[positions], weights[positions], shrinkage)
        for scatter in (plain, found):
            linear = fit_lda(scatter, shrinkage)
            np.testing.assert_array_equal(linear.present, [True] * 4 + [False])
            difference = np.abs(linear.logits(rows)[:, :4] - exact).max()
            assert difference < 1e-4 * np.abs(exact).max(), type(scatter).__name__


def test_more_rows_than_coordinates_take_the_covariance(space, weights):
    narrow = FeatureSpace(space.rows(np.arange(80)), ((0, WIDTH),), (1.0,), basis=np.eye(WIDTH, 60, dtype=np.float32))
    assert isinstance(scatter_of(narrow, np.arange(80), LABELS, weights, CLASSES), Scatter)


def test_classes_of_equal_rows_take_the_scatter_of_all_rows(space, weights):
    positions = np.array([0, 1, 2, 3, 0, 1])
    found = scatter_of(space, positions, LABELS, weights, CLASSES)
    assert isinstance(found, Scatter)
    assert found.level == pytest.approx(through_moments(space, positions, weights).level)
