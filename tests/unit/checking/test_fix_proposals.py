"""Proposed fixes: one row per picture and check, or per pair."""

import numpy as np
import pytest

from discern.catalog import apply_fixes, read_fixes, write_fixes
from discern.checking import find_issues, propose_fixes
from tests.unit.checking.conftest import predictions_of, scenes


@pytest.fixture
def found(make_catalog, make_groups, make_edges):
    """A copy, a near copy, a conflict, a copy across parts, a wrong suffix and a broken file."""
    labels = ["a", "a", "a", "b", "b", "a", "a", "b"]
    catalog = make_catalog(
        labels,
        path=["a/0.png", "a/1.png", "a/2.png", "b/3.png", "b/4.png", "a/5.jpg", "a/6.png", "b/7.png"],
        part=["train"] * 6 + [None, "test"],
        error=[None] * 6 + ["empty", None],
        message=[None] * 6 + ["The file is empty.", None],
    )
    edges = make_edges(
        [
            (0, 1, "exact", 1.0),
            (0, 2, "near", 0.8),
            (0, 3, "exact", 1.0),
            (2, 5, "sequence", 0.7),
            (4, 7, "exact", 1.0),
        ]
    )
    findings = find_issues(catalog, edges, make_groups([0, 0, 0, 0, 1, 2, 3, 1]))
    return catalog, findings


def rows(fixes):
    return [(fix.path, fix.action, fix.other, fix.why.split(":")[0]) for fix in fixes]


def test_each_picture_or_pair_is_one_row(found):
    assert rows(propose_fixes(*found)) == [
        ("a/1.png", "drop", "a/0.png", "exact_copy"),
        ("a/2.png", "group", "a/0.png", "near_copy"),
        ("a/5.jpg", "keep", "", "wrong_suffix"),
        ("a/6.png", "drop", "", "unreadable"),
        ("b/3.png", "group", "a/0.png", "label_conflict"),
        ("b/4.png", "drop", "b/7.png", "exact_copy"),
    ]


def test_a_conflict_between_near_copies_is_one_row(make_catalog, make_groups, make_edges):
    catalog = make_catalog(["a", "b"])
    findings = find_issues(catalog, make_edges([(0, 1, "near", 0.75)]), make_groups([0, 0]))
    (fix,) = propose_fixes(catalog, findings)
    assert (fix.action, fix.value, fix.score) == ("group", "a/00000.png", 0.75)
    assert fix.why.startswith("label_conflict: Nearly")


def test_the_order_of_findings_does_not_matter(found):
    catalog, findings = found
    assert propose_fixes(catalog, findings[::-1]) == propose_fixes(catalog, findings)


def test_conflicts_propose_no_new_label(found):
    assert "relabel" not in {fix.action for fix in propose_fixes(*found)}


def test_they_can_be_written_read_and_applied(found, tmp_path):
    catalog, _ = found
    fixes = propose_fixes(*found)
    write_fixes(tmp_path / "fixes.csv", fixes)
    assert read_fixes(tmp_path / "fixes.csv") == fixes
    fixed = apply_fixes(catalog, fixes)
    assert fixed.table["path"].to_list() == ["a/0.png", "a/2.png", "b/3.png", "a/5.jpg", "b/7.png"]
    assert fixed.table["group"].to_list() == ["a/0.png", "a/0.png", "a/0.png", None, None]
    assert catalog.table["group"].null_count() == 8


def test_a_picture_has_a_row_for_each_check(make_catalog, make_groups, make_edges):
    labels = np.repeat([0, 1, 2], 60)
    wrong = labels.copy()
    wrong[[5, 70, 130]] = [2, 0, 1]
    probabilities = np.full((180, 3), 0.01)
    probabilities[np.arange(180), labels] = 0.98
    sharpness = [0.6] * 180
    sharpness[5] = 0.1
    thumbs = scenes(180)
    thumbs[9] = 130
    catalog = make_catalog(["abc"[label] for label in wrong], sharpness=sharpness, thumbs=thumbs)
    groups = make_groups(range(180))
    findings = find_issues(catalog, make_edges(), groups, predictions=predictions_of(probabilities))
    fixes = propose_fixes(catalog, findings)
    assert [(fix.path, fix.action, fix.value, fix.why.split(":")[0]) for fix in fixes] == [
        ("a/00009.png", "drop", "", "blank"),
        ("a/00070.png", "relabel", "b", "likely_wrong_label"),
        ("b/00130.png", "relabel", "c", "likely_wrong_label"),
        ("c/00005.png", "keep", "", "blurred"),
        ("c/00005.png", "relabel", "a", "likely_wrong_label"),
    ]
    assert all(fix.score is not None and 0 <= fix.score <= 1 for fix in fixes)
    assert apply_fixes(catalog, fixes).table["label"].to_list() == ["abc"[label] for label in np.delete(labels, 9)]


def test_findings_about_many_pictures_have_no_row(make_catalog, make_groups, make_edges):
    catalog = make_catalog(["a"] * 30 + ["b"] * 3, width=[20] * 33, height=[20] * 33)
    findings = find_issues(catalog, make_edges(), make_groups(range(33)))
    assert {finding.check for finding in findings} == {"too_small", "small_class", "imbalance"}
    assert propose_fixes(catalog, findings) == []
