"""A few directions hold nearly all that tells pictures apart."""

import numpy as np

from discern.bundle.heads import unit_blocks
from discern.heads.principal_directions import principal_directions


def test_with_as_many_directions_as_there_are_nothing_is_lost(make, blocks):
    made, spans = make(120, 4), tuple(blocks.values())
    space = principal_directions(made.features, spans, (1.0, 0.7, 0.7), rank=48, seed=0)
    scaled = unit_blocks(made.features, spans) * space.scale
    rows = space.rows(np.arange(120))
    np.testing.assert_allclose(rows @ rows.T, scaled @ scaled.T, atol=1e-3)


def test_fewer_directions_are_the_strongest(make, blocks):
    made, spans = make(120, 4), tuple(blocks.values())
    space = principal_directions(made.features, spans, (1.0, 0.7, 0.7), rank=10, seed=0)
    scaled = unit_blocks(made.features, spans) * space.scale
    strongest = np.linalg.svd(scaled, compute_uv=False)[:10]
    assert space.width == 10
    assert not space.turned
    assert np.sum(space.rows(np.arange(120)) ** 2) > 0.97 * np.sum(strongest**2)


def test_directions_come_back_as_weights(make, blocks):
    made, spans = make(60, 3), tuple(blocks.values())
    space = principal_directions(made.features, spans, (1.0, 0.7, 0.7), rank=12, seed=0)
    inner = np.random.default_rng(0).standard_normal((12, 3))
    direct = unit_blocks(made.features, spans) @ space.weights(inner)
    np.testing.assert_allclose(space.rows(np.arange(60)) @ inner, direct, rtol=1e-3, atol=1e-4)


def test_many_rows_are_shown_by_a_sample(make, blocks):
    made, spans = make(1500, 3), tuple(blocks.values())
    one, same = (principal_directions(made.features, spans, (1.0, 0.7, 0.7), rank=8, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.rows(np.arange(5)), same.rows(np.arange(5)))
