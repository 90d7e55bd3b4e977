"""Checks of groups: leaks, large groups and undeclared films."""

import pytest


class TestLeaks:
    def test_a_group_in_two_parts_is_one_finding(self, find):
        part = ["train", "test", "train", "test", "train"]
        (finding,) = find("part_leak", ["a"] * 5, group=[0, 0, 0, 1, 2], part=part)
        assert finding.rows == (0, 1, 2)
        assert "1 in test and 2 in train" in finding.why

    def test_a_pair_across_groups_and_parts_is_one_too(self, find):
        (finding,) = find("part_leak", ["a"] * 3, cross_pairs=[(0, 1), (0, 2)], part=["train", "test", "train"])
        assert finding.rows == (0, 1)
        assert finding.score == 0.9

    def test_without_given_parts_there_is_no_finding(self, find):
        assert find("part_leak", ["a"] * 3, group=[0, 0, 0], part=["train", None, None]) == []
        assert find("part_leak", ["a"] * 3, group=[0, 0, 0]) == []


class TestLargeGroups:
    def test_much_of_a_class_is_a_finding(self, find):
        labels = ["a"] * 100
        (finding,) = find("large_group", labels, group=[0] * 30 + list(range(1, 71)))
        assert finding.rows == tuple(range(30))
        assert finding.score == pytest.approx(0.3)
        assert "30%" in finding.why

    @pytest.mark.parametrize(("size", "others"), [(10, 10), (12, 300)])
    def test_few_pictures_or_a_small_share_are_not_large(self, find, size, others):
        assert find("large_group", ["a"] * (size + others), group=[0] * size + list(range(1, others + 1))) == []

    def test_a_group_of_two_classes_is_checked_in_each(self, find):
        findings = find("large_group", ["a"] * 20 + ["b"] * 400, group=[0] * 32 + list(range(1, 389)))
        assert [finding.rows for finding in findings] == [tuple(range(20))]


def test_a_large_film_is_to_be_filmed_again(find):
    edges = [(row, row + 1, "sequence", 0.9) for row in range(29)]
    (finding,) = find("large_group", ["a"] * 100, group=[0] * 30 + list(range(1, 71)), edges=edges)
    assert "30 pictures, 30% of class 'a', are one film or burst" in finding.why
    assert "Film it again" in finding.why
    assert "add pictures" not in finding.why


FILMS = [(row, row + 1, "sequence", 0.9) for row in (0, 1, 2, 5, 6)]


class TestUndeclaredFilms:
    def test_all_films_are_one_finding(self, find):
        (finding,) = find("undeclared_film", ["a"] * 10, edges=FILMS, group=[0, 0, 0, 0, 1, 2, 2, 2, 3, 4])
        assert finding.rows == (0, 1, 2, 3, 5, 6, 7)
        assert "7 pictures are in 2 groups" in finding.why
        assert finding.score == pytest.approx(0.7)

    def test_a_declared_group_is_not_reported(self, find):
        group, declared = [0, 0, 0, 0, 1, 2, 2, 2], [None] * 6 + ["film 1"] * 2
        (finding,) = find("undeclared_film", ["a"] * 8, edges=FILMS, group=group, declared=declared)
        assert finding.rows == (0, 1, 2, 3)

    def test_two_neighbours_and_copies_are_not_films(self, find):
        edges = [(0, 1, "sequence", 0.9), (2, 3, "near", 0.9), (3, 4, "near", 0.9)]
        assert find("undeclared_film", ["a"] * 5, edges=edges, group=[0, 0, 1, 1, 1]) == []

    def test_a_film_with_several_labels_is_said_to_have_them(self, find):
        labels, group = ["a"] * 6 + ["b"] * 2, [0, 0, 0, 0, 1, 2, 2, 2]
        (finding,) = find("undeclared_film", labels, edges=FILMS, group=group)
        assert "1 of them has pictures with different labels" in finding.why
        (finding,) = find("undeclared_film", ["a"] * 8, edges=FILMS, group=group)
        assert "different labels" not in finding.why

    def test_the_remedies_include_groups_by_path(self, find):
        (finding,) = find("undeclared_film", ["a"] * 8, edges=FILMS, group=[0, 0, 0, 0, 1, 2, 2, 2])
        assert "--group-by" in finding.why
