"""Films are groups with consecutive frames."""

from discern.grouping import film_frames


def test_groups_of_linked_frames_are_films(make_groups, make_edges):
    edges = make_edges([(0, 1, "sequence", 0.9), (3, 4, "sequence", 0.9), (5, 6, "near", 0.9), (6, 7, "near", 0.9)])
    groups = make_groups([0, 0, 0, 1, 1, 2, 2, 2])
    assert film_frames(groups, edges).tolist() == [True] * 3 + [False] * 5


def test_without_sequences_there_is_no_film(make_groups, make_edges):
    assert not film_frames(make_groups([0, 0, 0]), make_edges([(0, 1, "exact", 1.0)])).any()
