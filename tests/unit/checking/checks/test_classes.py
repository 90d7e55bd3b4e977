"""Checks of class sizes."""

import numpy as np
import pytest

from discern.checking import CheckConfig


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

    def test_a_class_of_one_film_is_to_be_filmed_again(self, find):
        edges = [(row, row + 1, "sequence", 0.9) for row in range(19)]
        (finding,) = find("small_class", ["bed"] * 20 + ["many"] * 12, group=[0] * 20 + list(range(1, 13)), edges=edges)
        assert "Class 'bed' is one film of 20 pictures" in finding.why
        assert "Film it again" in finding.why
        assert "Add pictures" not in finding.why

    def test_the_films_of_a_class_are_counted(self, find):
        edges = [(row, row + 1, "sequence", 0.9) for row in (*range(9), *range(10, 19))]
        group = [0] * 10 + [1] * 10 + [2, 3] + list(range(4, 16))
        (finding,) = find("small_class", ["bed"] * 22 + ["many"] * 12, group=group, edges=edges)
        assert "4 independent groups of pictures (22 pictures, 20 of them frames of 2 films)" in finding.why

    def test_the_fewest_groups_are_configurable(self, find):
        assert find("small_class", ["a"] * 3, config=CheckConfig(fewest_groups=3)) == []


class TestImbalance:
    def test_a_class_with_far_fewer_groups_than_the_largest_is_named(self, find):
        (finding,) = find("imbalance", ["a"] * 100 + ["b"] * 30 + ["c"] * 19)
        assert finding.rows == tuple(range(130, 149))
        assert "'c' has 19 independent groups; the largest class has 100" in finding.why
        assert finding.score == pytest.approx(0.81)

    def test_groups_are_counted_and_not_pictures(self, find):
        labels, films = ["film"] * 100 + ["many"] * 100, [*np.arange(100) // 10, *range(10, 110)]
        assert [finding.rows[-1] for finding in find("imbalance", labels, group=films)] == [99]
        assert find("imbalance", labels) == []

    def test_many_rare_classes_are_one_finding(self, find):
        labels = ["common"] * 60 + [f"rare {number // 3}" for number in range(21)]
        (finding,) = find("imbalance", labels)
        assert finding.rows == tuple(range(60, 81))
        assert "7 of 8 classes" in finding.why

    def test_the_rare_share_is_configurable(self, find):
        assert find("imbalance", ["a"] * 100 + ["b"] * 10, config=CheckConfig(rare_share=0.05)) == []

    def test_without_labels_there_is_no_finding(self, find):
        assert find("imbalance", [None] * 5) == []


class TestSimilarLabels:
    @pytest.mark.parametrize(
        ("one", "other", "difference"),
        [
            ("ring", "Ring", "upper and lower case"),
            ("straße", "STRASSE", "look alike"),
            ("\u0412\u0430\u043b", "\u0432\u0430\u043b", "upper and lower case"),
            ("\u0412AG", "BAG", "look alike"),
            ("red apple", "red  apple", "blanks"),
            ("red apple", "red\u00a0apple", "blanks"),
            ("red apple", "Red_Apple", "look alike"),
            ("red-apple", "red apple", "look alike"),
            ("a\u200bb", "ab", "look alike"),
            ("\uff21\uff22", "ab", "look alike"),
            ("\ufb01g", "fig", "look alike"),
            ("c\u0430r", "car", "look alike"),
        ],
    )
    def test_labels_that_a_reader_takes_for_one_are_a_finding(self, find, one, other, difference):
        (finding,) = find("similar_labels", [one] * 12 + [other] * 3 + ["bar"] * 12)
        assert finding.rows == (12, 13, 14)
        assert finding.action == "keep"
        assert difference in finding.why
        assert "(12 pictures)" in finding.why

    def test_blanks_show_in_the_message(self, find):
        (finding,) = find("similar_labels", ["red apple", "red  apple", "red\u00a0apple"])
        assert "'red apple'" in finding.why
        assert "'red␣␣apple'" in finding.why
        assert "'red\\u00a0apple'" in finding.why

    @pytest.mark.parametrize(
        "labels", [["-1", "1"], ["Apple 1", "Apple 11"], ["a1", "a 1"], ["ring", "rings"], ["é", "e"], ["O", "0"]]
    )
    def test_other_labels_are_no_finding(self, find, labels):
        assert find("similar_labels", labels) == []
