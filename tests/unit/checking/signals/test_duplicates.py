"""Duplicates: clusters, pairs and label conflicts."""

import numpy as np

from discern.checking import conflicted
from discern.checking.signals.duplicates import exact_clusters, find_duplicates


def test_exact_copies_of_copies_are_one_cluster(make_edges):
    edges = make_edges([(0, 4, "exact", 1.0), (2, 4, "exact", 1.0), (1, 3, "exact", 1.0), (0, 1, "near", 0.9)])
    assert sorted(sorted(cluster) for cluster in exact_clusters(edges)) == [[0, 2, 4], [1, 3]]


def test_the_lower_rank_stays(make_edges):
    edges = make_edges([(0, 1, "exact", 1.0), (2, 3, "near", 0.9)])
    pairs = list(find_duplicates(edges, labels=np.zeros(4, int), rank=np.array([3, 2, 1, 0])))
    assert [(pair.row, pair.other, pair.kind) for pair in pairs] == [(0, 1, "exact"), (2, 3, "near")]


def test_repeated_pairs_are_merged(make_edges):
    edges = make_edges([(0, 1, "near", 0.9), (0, 1, "near", 0.9)])
    assert len(list(find_duplicates(edges, labels=np.zeros(2, int), rank=np.arange(2)))) == 1


class TestConflicted:
    def test_both_pictures_and_their_exact_copies_conflict(self, make_catalog, make_edges):
        catalog = make_catalog(["a", "a", "b", "b", "b"])
        edges = make_edges([(0, 1, "exact", 1.0), (1, 2, "near", 0.8), (2, 3, "near", 0.8)])
        assert conflicted(catalog, edges).tolist() == [True, True, True, False, False]

    def test_exact_copies_under_two_labels_conflict(self, make_catalog, make_edges):
        catalog = make_catalog(["a", "a", "b", "a"])
        edges = make_edges([(0, 1, "exact", 1.0), (0, 2, "exact", 1.0)])
        assert conflicted(catalog, edges).tolist() == [True, True, True, False]

    def test_a_missing_label_and_a_sequence_do_not_conflict(self, make_catalog, make_edges):
        catalog = make_catalog(["a", None, "a", "b"])
        edges = make_edges([(0, 1, "exact", 1.0), (1, 3, "near", 0.8), (2, 3, "sequence", 0.8)])
        assert not conflicted(catalog, edges).any()

    def test_the_unlabelled_copy_of_a_conflict_conflicts(self, make_catalog, make_edges):
        catalog = make_catalog(["a", None, "b"])
        edges = make_edges([(0, 1, "exact", 1.0), (0, 2, "exact", 1.0)])
        assert conflicted(catalog, edges).tolist() == [True, True, True]

    def test_no_pairs_no_conflicts(self, make_catalog, make_edges):
        assert conflicted(make_catalog(["a", "b"]), make_edges()).tolist() == [False, False]
