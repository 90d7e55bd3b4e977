"""Controls: the spread of a subclass and the labels stay, the closeness of some of its groups goes."""

import numpy as np
import pytest

from discern.heads import GroupMeans, draw_control


@pytest.mark.parametrize("count", [40, 400])
def test_mean_and_covariance_of_a_kind_stay(count):
    random = np.random.default_rng(0)
    rows = (random.normal(0, 1, (count, 50)) * np.linspace(3, 0.1, 50) + 5).astype(np.float32)
    groups = GroupMeans.of(rows, np.zeros(count, np.int64), np.arange(count))
    drawn = np.mean(
        [
            np.cov(draw_control(rows, groups, np.zeros(count, np.int64), np.random.default_rng(seed)).T)
            for seed in range(60)
        ],
        axis=0,
    )
    np.testing.assert_allclose(np.diag(drawn), np.diag(np.cov(rows.T)), rtol=0.25)
    centre = draw_control(rows, groups, np.zeros(count, np.int64), random).mean(axis=0)
    np.testing.assert_allclose(centre, rows.mean(axis=0), atol=1.5)


def test_copies_are_broken_and_differences_within_groups_stay():
    random = np.random.default_rng(0)
    source = np.repeat(np.arange(30), 4)
    rows = (random.normal(0, 1, (30, 20))[source] + random.normal(0, 0.01, (120, 20))).astype(np.float32)
    apart = GroupMeans.of(rows, np.zeros(120, np.int64), np.arange(120))
    drawn = draw_control(rows, apart, np.zeros(120, np.int64), random)
    assert np.linalg.norm(drawn[0] - drawn[1]) > 30 * np.linalg.norm(rows[0] - rows[1])
    declared = GroupMeans.of(rows, np.zeros(120, np.int64), source)
    kept = draw_control(rows, declared, np.zeros(30, np.int64), random)
    np.testing.assert_allclose(kept[0] - kept[1], rows[0] - rows[1], atol=1e-4)


def test_a_kind_of_one_group_stays():
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    groups = GroupMeans.of(rows, np.array([0, 1, 2]), np.arange(3))
    np.testing.assert_array_equal(draw_control(rows, groups, np.arange(3), np.random.default_rng(0)), rows)
