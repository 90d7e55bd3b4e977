"""Turned coordinates are the same rows; many rows stay as they are."""

import numpy as np
import pytest

from discern.bundle.heads import unit_blocks
from discern.errors import BundleError
from discern.heads.feature_space import BLOCK, FeatureSpace, in_blocks

SPANS = ((0, 6), (6, 10))


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((7, 10)).astype(np.float32)


def scaled(features: np.ndarray) -> np.ndarray:
    return unit_blocks(features, SPANS) * np.repeat([1.0, 0.5], [6, 4])


@pytest.mark.parametrize("count", [4, 10, 40])
def test_turning_keeps_all_products(count):
    features = np.random.default_rng(count).standard_normal((count, 10)).astype(np.float32)
    space = FeatureSpace(features, SPANS, (1.0, 0.5))
    rows = space.rows(np.arange(count))
    assert space.turned
    assert space.width == min(count, 10)
    np.testing.assert_allclose(rows @ rows.T, scaled(features) @ scaled(features).T, atol=1e-6)


def test_weights_on_coordinates_are_weights_on_unit_blocks(features):
    space = FeatureSpace(features, SPANS, (1.0, 0.5))
    inner = np.random.default_rng(1).standard_normal((space.width, 3))
    expected = space.rows(np.arange(7)) @ inner
    np.testing.assert_allclose(unit_blocks(features, SPANS) @ space.weights(inner), expected, atol=1e-5)
    np.testing.assert_allclose(scaled(features) @ space.original(inner), expected, atol=1e-5)


def test_the_first_coordinate_is_the_strongest(features):
    strength = (FeatureSpace(features, SPANS, (1.0, 0.5)).rows(np.arange(7)) ** 2).sum(axis=0)
    assert (np.diff(strength) <= 1e-9).all()


def test_repeated_rows_need_no_dimension_of_their_own(features):
    space = FeatureSpace(np.repeat(features[:2], 3, axis=0), SPANS, (1.0, 1.0))
    assert space.width == 2


def test_many_rows_are_read_as_they_are():
    features = np.random.default_rng(0).standard_normal((2100, 10)).astype(np.float32)
    space = FeatureSpace(features, SPANS, (1.0, 0.5))
    assert not space.turned
    np.testing.assert_allclose(space.rows(np.array([3, 2000])), scaled(features)[[3, 2000]], atol=1e-6)
    inner = np.ones((10, 2))
    np.testing.assert_allclose(space.weights(inner)[:, 0], np.repeat([1.0, 0.5], [6, 4]))


def test_a_space_may_read_the_first_blocks_alone(features):
    space = FeatureSpace(features, SPANS[:1], (1.0,))
    rows = space.rows(np.arange(7))
    np.testing.assert_allclose((rows**2).sum(axis=1), 1, atol=1e-6)
    assert space.weights(np.ones((space.width, 2))).shape == (6, 2)


def test_blocks_cover_all_rows_once():
    features = np.arange(2 * (BLOCK + 5), dtype=np.float32).reshape(-1, 2)
    parts = list(in_blocks(features))
    assert [len(rows) for rows, _ in parts] == [BLOCK, 5]
    np.testing.assert_array_equal(np.concatenate([some for _, some in parts]), features)
    (rows, some), *others = in_blocks(features, np.array([4, 1]))
    assert rows.tolist() == [4, 1]
    assert some[0, 0] == 8
    assert not others


def test_features_of_another_width_are_refused(features):
    with pytest.raises(BundleError, match="reads"):
        unit_blocks(features[:, :9], SPANS)
