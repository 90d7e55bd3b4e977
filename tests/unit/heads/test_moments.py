"""Moments: subtracting a fold equals never adding it."""

import numpy as np
import pytest

from discern.heads.feature_space import BLOCK, FeatureSpace
from discern.heads.moments import FoldMoments, Moments


def space_of(features: np.ndarray) -> FeatureSpace:
    return FeatureSpace(features, ((0, features.shape[1]),), (1.0,))


@pytest.fixture
def made():
    generator = np.random.default_rng(0)
    features = generator.standard_normal((60, 8)).astype(np.float32)
    return space_of(features), generator.integers(0, 3, 60), generator.uniform(0.2, 1, 60), np.arange(60) % 4


def assert_same(one: Moments, other: Moments) -> None:
    np.testing.assert_allclose(one.weight, other.weight, atol=1e-9)
    np.testing.assert_allclose(one.total, other.total, atol=1e-6)
    np.testing.assert_allclose(one.second, other.second, atol=1e-6)


def test_sums_are_weighted_and_by_class(made):
    space, labels, weights, _ = made
    moments = Moments.from_rows(space, np.arange(60), labels, weights, 4)
    rows = space.rows(np.arange(60))
    assert moments.weight[1] == pytest.approx(weights[labels == 1].sum())
    assert moments.weight[3] == 0
    np.testing.assert_allclose(moments.total[2], weights[labels == 2] @ rows[labels == 2])
    np.testing.assert_allclose(moments.second, (rows * weights[:, None]).T @ rows, atol=1e-9)


@pytest.mark.parametrize("held_out", [(0, 1, 2, 3), (0,), (2, 3)])
def test_without_a_fold_equals_summing_the_others(made, held_out):
    space, labels, weights, fold = made
    sums = FoldMoments(space, labels, weights, fold, classes=3, held_out=held_out)
    for left_out in [(), held_out[:1], held_out[:2]]:
        direct = Moments.from_rows(space, np.flatnonzero(~np.isin(fold, left_out)), labels, weights, 3)
        assert_same(sums.without(left_out, np.array([], int)), direct)


def test_single_rows_can_be_left_out(made):
    space, labels, weights, fold = made
    sums = FoldMoments(space, labels, weights, fold, classes=3, held_out=(0, 1, 2, 3))
    rows = np.array([1, 5, 7])
    kept = np.setdiff1d(np.flatnonzero(fold != 0), rows)
    assert_same(sums.without([0], rows), Moments.from_rows(space, kept, labels, weights, 3))


def test_weights_equal_repetition():
    features = np.random.default_rng(3).standard_normal((5, 4)).astype(np.float32)
    repeated = space_of(np.concatenate([features, features[:1]]))
    labels, weights = np.array([0, 1, 1, 0, 1, 0]), np.array([0.5, 1, 1, 1, 1, 0.5])
    both = Moments.from_rows(repeated, np.arange(6), labels, weights, 2)
    once = Moments.from_rows(repeated, np.arange(5), labels, np.ones(6), 2)
    assert_same(both, once)


def test_many_rows_are_summed_in_blocks():
    count = BLOCK + 300
    features = np.random.default_rng(0).standard_normal((count, 6)).astype(np.float32)
    space, labels, weights = space_of(features), np.arange(count) % 3, np.ones(count)
    sums = FoldMoments(space, labels, weights, np.zeros(count, int), classes=3, held_out=())
    rows = space.rows(np.arange(count)).astype(np.float64)
    moments = sums.without([], np.array([], int))
    np.testing.assert_allclose(moments.second, rows.T @ rows, rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(moments.weight, np.bincount(labels))
