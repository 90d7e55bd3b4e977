"""Clusters of look-alikes: of whole groups, within classes, and as many as asked for."""

import numpy as np
import pytest

from discern.heads import GroupMeans, LookalikeTree, lookalike_clusters


def sources(count: int, each: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of well separated sources, and the source of each."""
    random = np.random.default_rng(seed)
    source = np.repeat(np.arange(count), each)
    return (random.normal(0, 9, (count, 6))[source] + random.normal(0, 1, (count * each, 6))).astype(np.float32), source


def test_sources_are_found_and_classes_are_kept_apart():
    rows, source = sources(8, 10)
    groups = GroupMeans.of(rows, source % 2, np.arange(80))
    cluster = LookalikeTree(groups).cut(4, smallest=4)
    assert len(np.unique(cluster)) == 8
    assert all(len(np.unique(cluster[source == each])) == 1 for each in range(8))


def test_groups_stay_whole_under_the_label_of_most_of_their_pictures():
    rows, source = sources(6, 10)
    labels = source % 2
    labels[:3] = 1
    groups = GroupMeans.of(rows, labels, source * 7)
    assert groups.label.tolist() == [0, 1, 0, 1, 0, 1]
    np.testing.assert_allclose(groups.means[0], rows[source == 0].mean(axis=0), rtol=1e-4, atol=1e-4)
    assert len(LookalikeTree(groups).cut(9, smallest=1)) == 6


def test_a_class_with_few_groups_has_one_cluster():
    rows, _ = sources(2, 7)
    groups = GroupMeans.of(rows, np.repeat([0, 1], [11, 3]), np.arange(14))
    cluster = LookalikeTree(groups).cut(16, smallest=4)
    assert len(np.unique(cluster[:11])) == 2
    assert len(np.unique(cluster[11:])) == 1


def test_of_very_many_groups_a_sample_is_joined_and_the_others_follow(monkeypatch: pytest.MonkeyPatch):
    rows, source = sources(5, 40)
    groups = GroupMeans.of(rows, np.zeros(200, np.int64), np.arange(200))
    whole = LookalikeTree(groups).cut(5, smallest=4)
    monkeypatch.setattr(lookalike_clusters, "_MOST_JOINED", 60)
    sampled = LookalikeTree(groups, seed=3).cut(5, smallest=4)
    for cluster in (whole, sampled):
        assert len(np.unique(np.stack([cluster, source]), axis=1).T) == 5
