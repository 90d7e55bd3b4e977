"""Checks of exact copies, near copies and label conflicts."""

from discern.checking import find_issues


class TestExactCopies:
    def test_four_are_three_pairs_with_the_first(self, find):
        edges = [(0, 2, "exact", 1.0), (0, 3, "exact", 1.0), (0, 5, "exact", 1.0)]
        findings = find("exact_copy", ["a"] * 6, edges=edges)
        assert [finding.rows for finding in findings] == [(2, 0), (3, 0), (5, 0)]
        assert {finding.action for finding in findings} == {"drop"}

    def test_the_later_path_is_dropped_in_whatever_order_rows_come(self, find):
        (finding,) = find("exact_copy", ["a", "a"], edges=[(0, 1, "exact", 1.0)], path=["z.png", "b.png"])
        assert finding.rows == (0, 1)

    def test_the_one_in_training_is_dropped(self, find):
        edges = [(0, 1, "exact", 1.0), (0, 2, "exact", 1.0)]
        findings = find("exact_copy", ["a"] * 3, edges=edges, part=["train", "validation", "test"])
        assert [finding.rows for finding in findings] == [(0, 2), (1, 2)]
        assert "in the test part" in findings[0].why

    def test_the_one_with_a_label_stays(self, find):
        (finding,) = find("exact_copy", [None, "a"], edges=[(0, 1, "exact", 1.0)])
        assert finding.rows == (0, 1)

    def test_under_two_labels_nothing_of_both_labels_is_dropped(self, find):
        labels = ["a", "b", "b", "a"]
        edges = [(0, 1, "exact", 1.0), (0, 2, "exact", 1.0), (0, 3, "exact", 1.0)]
        findings = find("exact_copy", labels, edges=edges)
        assert [(finding.rows, finding.action) for finding in findings] == [
            ((3, 0), "drop"),
            ((1, 0), "group"),
            ((2, 1), "drop"),
        ]


class TestNearCopies:
    def test_each_pair_is_proposed_as_a_group(self, find):
        edges = [(0, 1, "near", 0.8), (0, 2, "near", 0.9)]
        findings = find("near_copy", ["a"] * 3, edges=edges, group=[0, 0, 0])
        assert [(finding.rows, finding.score) for finding in findings] == [((1, 0), 0.8), ((2, 0), 0.9)]
        assert {(finding.action, finding.value) for finding in findings} == {("group", "a/00000.png")}

    def test_a_declared_group_keeps_its_name(self, make_catalog, make_groups, make_edges):
        catalog = make_catalog(["a"] * 3, group=[None, "film 7", None])
        findings = find_issues(catalog, make_edges([(0, 2, "near", 0.8)]), make_groups([0, 0, 0]))
        assert [finding.value for finding in findings if finding.check == "near_copy"] == ["film 7"]

    def test_a_pair_of_two_groups_is_reported_to_join_them(self, find):
        (finding,) = find("near_copy", ["a"] * 2, edges=[(0, 1, "near", 0.8)])
        assert "joins two groups" in finding.why

    def test_neighbours_in_a_sequence_are_not_copies(self, find):
        assert find("near_copy", ["a"] * 2, edges=[(0, 1, "sequence", 0.8)], group=[0, 0]) == []


class TestLabelConflicts:
    def test_the_same_picture_under_two_labels_is_one_finding(self, find):
        edges = [(0, row, "exact", 1.0) for row in (1, 2, 3)]
        (finding,) = find("label_conflict", ["a", "b", "b", "a"], edges=edges)
        assert finding.rows == (1, 0)
        assert finding.action == "group"
        assert "'b' here and 'a' at a/00000.png" in finding.why

    def test_a_near_copy_under_another_label_is_one_too(self, find):
        (finding,) = find("label_conflict", ["a", "b"], edges=[(0, 1, "near", 0.7)])
        assert finding.score == 0.7
        assert "Nearly" in finding.why

    def test_a_missing_label_is_not_a_conflict(self, find):
        edges = [(0, 1, "near", 0.7), (2, 3, "near", 0.7), (0, 4, "sequence", 0.7)]
        assert find("label_conflict", ["a", None, None, "b", "c"], edges=edges) == []
