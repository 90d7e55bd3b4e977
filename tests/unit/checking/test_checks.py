import numpy as np
import pytest

from discern.checking import CHECKS, CheckConfig, count, find_faults

NAMES = [
    "unreadable",
    "wrong_suffix",
    "exact_copy",
    "near_copy",
    "label_conflict",
    "part_leak",
    "small_class",
    "large_group",
]


@pytest.fixture
def find(make_catalog, make_groups, make_edges):
    """The findings of one check, on pictures that are their own groups unless said otherwise."""

    def find(check, labels, *, edges=(), group=None, straddling=(), config=None, **columns):
        catalog = make_catalog(labels, **columns)
        groups = make_groups(range(len(labels)) if group is None else group, straddling)
        findings = find_faults(catalog, make_edges(edges), groups, config=config)
        assert all(0 <= finding.score <= 1 and finding.why for finding in findings)
        return [finding for finding in findings if finding.check == check]

    return find


def test_all_checks_are_counted_in_order_zeros_too():
    assert [check.__name__ for check in CHECKS] == NAMES
    assert list(count([]).items()) == [(name, 0) for name in NAMES]


def test_clean_pictures_have_no_findings(make_catalog, make_groups, make_edges):
    catalog = make_catalog(["a"] * 20 + ["b"] * 20)
    assert find_faults(catalog, make_edges(), make_groups(range(40))) == []


def test_unreadable_files_are_named_with_their_reason(find):
    error, message = [None, "truncated", "empty"], [None, "The file ends too early.", None]
    first, second = find("unreadable", ["a", "a", "a"], error=error, message=message)
    assert (first.rows, second.rows) == ((1,), (2,))
    assert "ends too early" in first.why
    assert first.action == second.action == "drop"


@pytest.mark.parametrize(
    ("path", "content", "score"),
    [
        ("a.jpg", "JPEG", None),
        ("a.JPEG", "JPEG", None),
        ("b/a.tiff", "TIFF", None),
        ("a.png", "WEBP", 1.0),
        ("a.jpg", "PNG", 1.0),
        ("a.zip!/a.gif", "BMP", 1.0),
        ("a", "GIF", 0.5),
        ("a.photo", "JPEG", 0.5),
    ],
)
def test_suffixes_are_compared_with_the_content(find, path, content, score):
    findings = find("wrong_suffix", ["x"], path=[path], format=[content])
    assert [finding.score for finding in findings] == ([] if score is None else [score])
    assert all(content in finding.why and finding.action == "keep" for finding in findings)


def test_an_unreadable_file_has_no_wrong_suffix(find):
    assert find("wrong_suffix", ["x"], path=["a.jpg"], format=["PNG"], error=["truncated"]) == []


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
        findings = find_faults(catalog, make_edges([(0, 2, "near", 0.8)]), make_groups([0, 0, 0]))
        assert [finding.value for finding in findings if finding.check == "near_copy"] == ["film 7"]

    def test_a_pair_of_two_groups_is_said_to_join_them(self, find):
        (finding,) = find("near_copy", ["a"] * 2, edges=[(0, 1, "near", 0.8)])
        assert "joins two groups" in finding.why

    def test_neighbours_in_a_sequence_are_no_copies(self, find):
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

    def test_no_label_is_no_conflict(self, find):
        edges = [(0, 1, "near", 0.7), (2, 3, "near", 0.7), (0, 4, "sequence", 0.7)]
        assert find("label_conflict", ["a", None, None, "b", "c"], edges=edges) == []


class TestLeaks:
    def test_a_group_in_two_parts_is_one_finding(self, find):
        part = ["train", "test", "train", "test", "train"]
        (finding,) = find("part_leak", ["a"] * 5, group=[0, 0, 0, 1, 2], part=part)
        assert finding.rows == (0, 1, 2)
        assert "1 in test and 2 in train" in finding.why

    def test_a_pair_across_groups_and_parts_is_one_too(self, find):
        (finding,) = find("part_leak", ["a"] * 3, straddling=[(0, 1), (0, 2)], part=["train", "test", "train"])
        assert finding.rows == (0, 1)
        assert finding.score == 0.9

    def test_without_given_parts_there_is_none(self, find):
        assert find("part_leak", ["a"] * 3, group=[0, 0, 0], part=["train", None, None]) == []
        assert find("part_leak", ["a"] * 3, group=[0, 0, 0]) == []


class TestSmallClasses:
    def test_groups_are_counted_and_not_pictures(self, find):
        labels = ["film"] * 40 + ["many"] * 12
        group = [*(np.arange(40) // 10), *range(4, 16)]
        (finding,) = find("small_class", labels, group=group)
        assert finding.rows == tuple(range(40))
        assert finding.score == pytest.approx(0.6)
        assert "4 independent groups" in finding.why

    def test_a_class_without_a_readable_picture_is_named(self, find):
        labels, error = ["lost", *["many"] * 10], ["empty", *[None] * 10]
        (finding,) = find("small_class", labels, error=error)
        assert finding.rows == (0,)
        assert finding.score == 1.0

    def test_how_many_are_few_may_be_said(self, find):
        assert find("small_class", ["a"] * 3, config=CheckConfig(fewest_groups=3)) == []


class TestLargeGroups:
    def test_much_of_a_class_is_a_finding(self, find):
        labels = ["a"] * 100
        (finding,) = find("large_group", labels, group=[0] * 30 + list(range(1, 71)))
        assert finding.rows == tuple(range(30))
        assert finding.score == pytest.approx(0.3)
        assert "30%" in finding.why

    @pytest.mark.parametrize(("size", "others"), [(10, 10), (12, 300)])
    def test_few_pictures_or_a_small_share_is_none(self, find, size, others):
        assert find("large_group", ["a"] * (size + others), group=[0] * size + list(range(1, others + 1))) == []

    def test_a_group_of_two_classes_is_weighed_in_each(self, find):
        findings = find("large_group", ["a"] * 20 + ["b"] * 400, group=[0] * 32 + list(range(1, 389)))
        assert [finding.rows for finding in findings] == [tuple(range(20))]
