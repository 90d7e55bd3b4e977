"""Feature space: rotations keep inner products, projections keep the principal directions."""

import numpy as np
import pytest

from discern.bundle.heads import unit_blocks
from discern.errors import BundleError
from discern.heads.feature_space import BLOCK, FeatureSpace, iter_blocks, top_directions

SPANS = ((0, 6), (6, 10))


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((7, 10)).astype(np.float32)


def scaled(features: np.ndarray) -> np.ndarray:
    return unit_blocks(features, SPANS) * np.repeat([1.0, 0.5], [6, 4])


@pytest.mark.parametrize("count", [4, 10, 40])
def test_the_rotation_keeps_inner_products(count):
    features = np.random.default_rng(count).standard_normal((count, 10)).astype(np.float32)
    space = FeatureSpace(features, SPANS, (1.0, 0.5))
    rows = space.rows(np.arange(count))
    assert space.is_rotated
    assert space.width == min(count, 10)
    np.testing.assert_allclose(rows @ rows.T, scaled(features) @ scaled(features).T, atol=1e-6)


def test_weights_on_coordinates_transform_to_weights_on_unit_blocks(features):
    space = FeatureSpace(features, SPANS, (1.0, 0.5))
    inner = np.random.default_rng(1).standard_normal((space.width, 3))
    expected = space.rows(np.arange(7)) @ inner
    np.testing.assert_allclose(unit_blocks(features, SPANS) @ space.block_weights(inner), expected, atol=1e-5)
    np.testing.assert_allclose(scaled(features) @ space.inverse_transform(inner), expected, atol=1e-5)


def test_coordinates_are_sorted_by_falling_variance(features):
    strength = (FeatureSpace(features, SPANS, (1.0, 0.5)).rows(np.arange(7)) ** 2).sum(axis=0)
    assert (np.diff(strength) <= 1e-9).all()


def test_repeated_rows_add_no_dimension(features):
    space = FeatureSpace(np.repeat(features[:2], 3, axis=0), SPANS, (1.0, 1.0))
    assert space.width == 2


def test_many_rows_are_not_rotated():
    features = np.random.default_rng(0).standard_normal((2100, 10)).astype(np.float32)
    space = FeatureSpace(features, SPANS, (1.0, 0.5))
    assert not space.is_rotated
    np.testing.assert_allclose(space.rows(np.array([3, 2000])), scaled(features)[[3, 2000]], atol=1e-6)
    inner = np.ones((10, 2))
    np.testing.assert_allclose(space.block_weights(inner)[:, 0], np.repeat([1.0, 0.5], [6, 4]))


def test_a_space_may_use_the_first_blocks_alone(features):
    space = FeatureSpace(features, SPANS[:1], (1.0,))
    rows = space.rows(np.arange(7))
    np.testing.assert_allclose((rows**2).sum(axis=1), 1, atol=1e-6)
    assert space.block_weights(np.ones((space.width, 2))).shape == (6, 2)


def test_every_row_is_in_one_block():
    features = np.arange(2 * (BLOCK + 5), dtype=np.float32).reshape(-1, 2)
    parts = list(iter_blocks(features))
    assert [len(rows) for rows, _ in parts] == [BLOCK, 5]
    np.testing.assert_array_equal(np.concatenate([block for _, block in parts]), features)
    (rows, block), *others = iter_blocks(features, np.array([4, 1]))
    assert rows.tolist() == [4, 1]
    assert block[0, 0] == 8
    assert not others


def test_features_of_another_width_are_rejected(features):
    with pytest.raises(BundleError, match="expects"):
        unit_blocks(features[:, :9], SPANS)


def test_a_projection_of_full_rank_keeps_inner_products(make, blocks):
    made, spans = make(120, 4), tuple(blocks.values())
    space = FeatureSpace.of_rank(made.features, spans, (1.0, 0.7, 0.7), rank=48, seed=0)
    scaled = unit_blocks(made.features, spans) * space.scale
    rows = space.rows(np.arange(120))
    np.testing.assert_allclose(rows @ rows.T, scaled @ scaled.T, atol=1e-3)


def test_a_projection_of_low_rank_keeps_most_of_the_variance(make, blocks):
    made, spans = make(120, 4), tuple(blocks.values())
    space = FeatureSpace.of_rank(made.features, spans, (1.0, 0.7, 0.7), rank=10, seed=0)
    scaled = unit_blocks(made.features, spans) * space.scale
    strongest = np.linalg.svd(scaled, compute_uv=False)[:10]
    assert space.width == 10
    assert not space.is_rotated
    assert np.sum(space.rows(np.arange(120)) ** 2) > 0.97 * np.sum(strongest**2)


def test_weights_on_projected_coordinates_transform_to_weights_on_blocks(make, blocks):
    made, spans = make(60, 3), tuple(blocks.values())
    space = FeatureSpace.of_rank(made.features, spans, (1.0, 0.7, 0.7), rank=12, seed=0)
    inner = np.random.default_rng(0).standard_normal((12, 3))
    direct = unit_blocks(made.features, spans) @ space.block_weights(inner)
    np.testing.assert_allclose(space.rows(np.arange(60)) @ inner, direct, rtol=1e-3, atol=1e-4)


def test_the_sample_of_many_rows_is_reproducible(make, blocks):
    made, spans = make(1500, 3), tuple(blocks.values())
    one, same = (FeatureSpace.of_rank(made.features, spans, (1.0, 0.7, 0.7), rank=8, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.rows(np.arange(5)), same.rows(np.arange(5)))


@pytest.mark.parametrize("size", [20, 90])
def test_the_principal_directions_are_found(size):
    generator = np.random.default_rng(size)
    basis = np.linalg.qr(generator.standard_normal((size, size)))[0]
    strengths = np.concatenate([np.linspace(50, 10, 8), np.full(size - 8, 0.1)])
    values, vectors = top_directions((basis * strengths) @ basis.T, 8)
    np.testing.assert_allclose(values, strengths[:8], rtol=1e-3)
    np.testing.assert_allclose(np.abs(np.sum(vectors * basis[:, :8], axis=0)), 1, atol=1e-2)


@pytest.mark.parametrize("count", [4, 40, 2100])
def test_recentred_rows_are_unit_blocks_minus_the_new_centre(count):
    generator = np.random.default_rng(count)
    features = (generator.standard_normal((count, 10)) + 3).astype(np.float32)
    first, second = (np.append(np.zeros(6), generator.uniform(size=4)).astype(np.float32) for _ in range(2))
    space = FeatureSpace(features, SPANS, (1.0, 0.5), centre=first)
    moved = space.recentred(second)
    assert moved.is_rotated == (count < 2100)
    for each, centre in ((space, first), (moved, second)):
        rows, inner = each.rows(np.arange(count)), np.random.default_rng(1).standard_normal((each.width, 3))
        direct = unit_blocks(features, SPANS, centre) @ each.block_weights(inner)
        np.testing.assert_allclose(rows @ inner, direct, atol=1e-4)
    np.testing.assert_array_equal(space.centre, first)


def test_a_recentred_space_of_all_dimensions_keeps_inner_products():
    features = (np.random.default_rng(2).standard_normal((40, 10)) + 3).astype(np.float32)
    first, second = np.zeros(10, np.float32), np.array([0] * 6 + [0.5, 0.4, 0.3, 0.2], np.float32)
    rows = FeatureSpace(features, SPANS, (1.0, 0.5), centre=first).recentred(second).rows(np.arange(40))
    expected = unit_blocks(features, SPANS, second) * np.repeat([1.0, 0.5], [6, 4])
    np.testing.assert_allclose(rows @ rows.T, expected @ expected.T, atol=1e-5)
