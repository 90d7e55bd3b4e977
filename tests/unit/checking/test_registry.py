"""Registry: the order of the checks and of their findings."""

from discern.checking import CHECKS, count_findings, find_issues

NAMES = [
    "unreadable",
    "wrong_suffix",
    "incomplete",
    "narrow_range",
    "exact_copy",
    "near_copy",
    "overlap",
    "label_conflict",
    "multi_label",
    "similar_labels",
    "likely_wrong_label",
    "odd_one_out",
    "part_leak",
    "undeclared_film",
    "large_group",
    "small_class",
    "imbalance",
    "shortcut",
    "too_small",
    "extreme_aspect",
    "blank",
    "dark",
    "bright",
    "blurred",
]


def test_every_check_is_counted_in_order():
    assert [check.__name__ for check in CHECKS] == NAMES
    assert list(count_findings([]).items()) == [(name, 0) for name in NAMES]


def test_clean_pictures_have_no_findings(make_catalog, make_groups, make_edges):
    catalog = make_catalog(["a"] * 20 + ["b"] * 20)
    assert find_issues(catalog, make_edges(), make_groups(range(40))) == []


def test_findings_are_sorted_by_check_and_path(find, make_catalog, make_groups, make_edges):
    catalog = make_catalog(["a"] * 3, path=["c.png", "b.png", "a.png"], error=["empty", None, "empty"])
    findings = find_issues(catalog, make_edges(), make_groups(range(3)))
    assert [(finding.check, finding.rows) for finding in findings][:2] == [("unreadable", (2,)), ("unreadable", (0,))]


def test_unreadable_pictures_without_measurements_are_checked(make_catalog, make_groups, make_edges):
    catalog = make_catalog([None] * 3, width=[None] * 3, height=[None] * 3, sharpness=[None] * 3, error=["empty"] * 3)
    findings = find_issues(catalog, make_edges(), make_groups(range(3)))
    assert {finding.check for finding in findings} == {"unreadable"}


def test_no_pictures_have_no_findings(make_catalog, make_groups, make_edges):
    assert find_issues(make_catalog([]), make_edges(), make_groups([])) == []
