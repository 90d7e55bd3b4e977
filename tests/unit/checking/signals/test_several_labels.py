"""A multi-label data set is not taken for mistakes."""

import pytest

from discern.checking import find_issues, require_single_labels
from discern.errors import DataError


def twice(several: int, pictures: int) -> tuple[list[str], list[str]]:
    """Labels and contents of pictures, the first of which are under two labels."""
    contents = [f"c{number}" for number in range(pictures)] + [f"c{number}" for number in range(several)]
    return ["cat"] * pictures + ["dog"] * several, contents


@pytest.mark.parametrize(("several", "pictures"), [(8, 16), (5, 20), (20, 100), (60, 60), (150, 1000)])
def test_many_pictures_under_two_labels_look_multi_label(make_catalog, make_edges, make_groups, several, pictures):
    labels, contents = twice(several, pictures)
    catalog = make_catalog(labels, content=contents)
    with pytest.raises(DataError, match="This looks multi-label, which is not supported") as caught:
        require_single_labels(catalog)
    assert f"{several} of {pictures:,} different pictures" in caught.value.message
    assert "cat/00000.png ('cat') and dog" in caught.value.message
    assert "one model for each label" in caught.value.hint
    edges = make_edges([(row, pictures + row, "exact", 1.0) for row in range(several)])
    findings = find_issues(catalog, edges, make_groups(range(len(labels))))
    assert [len(finding.rows) for finding in findings if finding.check == "multi_label"] == [2 * several]
    assert [finding for finding in findings if finding.check == "label_conflict"] == []


@pytest.mark.parametrize(("several", "pictures"), [(0, 10), (2, 4), (4, 8), (5, 50), (10, 100), (12, 100), (100, 1000)])
def test_a_few_stay_conflicts(make_catalog, make_edges, make_groups, several, pictures):
    labels, contents = twice(several, pictures)
    catalog = make_catalog(labels, content=contents)
    require_single_labels(catalog)
    edges = make_edges([(row, pictures + row, "exact", 1.0) for row in range(several)])
    findings = find_issues(catalog, edges, make_groups(range(len(labels))))
    assert len([finding for finding in findings if finding.check == "label_conflict"]) == several


def test_copies_with_one_label_are_nothing(make_catalog):
    require_single_labels(make_catalog(["cat"] * 40, content=[f"c{row % 10}" for row in range(40)]))


def test_a_picture_under_three_labels_is_one_picture(make_catalog):
    catalog = make_catalog(["a", "b", "c"] * 10, content=[f"c{row // 3}" for row in range(30)])
    with pytest.raises(DataError, match="10 of 10 different pictures"):
        require_single_labels(catalog)
