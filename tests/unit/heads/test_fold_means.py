"""Fold means: the weighted mean of unit-length blocks over a training set, without a trace of what it lacks."""

import numpy as np

from discern.bundle.heads import unit_blocks
from discern.heads.fold_means import FoldMeans

NO_ROWS = np.zeros(0, np.int64)


def means(made, blocks, features=None, *, held_out=(0, 1, 2)) -> FoldMeans:
    weights = np.random.default_rng(5).uniform(0.5, 2, len(made.labels))
    features = made.features if features is None else features
    return FoldMeans(features, tuple(blocks.values()), weights, made.fold, held_out=held_out)


def test_the_mean_is_that_of_the_remaining_unit_length_blocks(make, blocks):
    made = make(90, 3)
    excluded = np.flatnonzero(made.fold == 3)[:4]
    kept = ~np.isin(made.fold, [0, 2])
    kept[excluded] = False
    weights = np.random.default_rng(5).uniform(0.5, 2, 90)
    expected = np.average(unit_blocks(made.features, tuple(blocks.values()))[kept], axis=0, weights=weights[kept])
    np.testing.assert_allclose(means(made, blocks).without({0, 2}, excluded), expected, atol=1e-6)


def test_held_out_pictures_leave_no_trace(make, blocks):
    made = make(90, 3)
    features = made.features.copy()
    features[made.fold == 1] = 1e4 * np.random.default_rng(0).standard_normal((18, 48))
    one, other = (means(made, blocks, some).without({1}, NO_ROWS) for some in (made.features, features))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(means(made, blocks, features).without((), NO_ROWS), one)
