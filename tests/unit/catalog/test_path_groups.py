"""Groups by a regular expression over paths."""

from pathlib import Path

import pytest

from discern.catalog.path_groups import check_pattern, count_unmatched, group_by_path
from discern.errors import UsageError
from tests.unit.conftest import catalog_of

PATHS = ["bed/film1_01.jpg", "bed/film1_02.jpg", "bed/film2_01.jpg", "chair/film1_01.jpg", "chair/odd.jpg"]


def groups(pattern, paths=PATHS, source="photos", **columns):
    catalog = catalog_of(["bed"] * len(paths), path=paths, **columns)
    grouped = group_by_path(catalog, pattern, Path(source))
    return grouped.table["group"].to_list(), count_unmatched(grouped)


def test_the_match_names_the_group():
    assert groups("film[0-9]+") == (["film1", "film1", "film2", "film1", "//chair/odd.jpg"], 1)


@pytest.mark.parametrize("pattern", ["^([^/]+/film\\d+)_", "^(?P<film>.*film.)_\\d+", "^(.*)(?<=film\\d)_"])
def test_the_first_group_names_it_if_there_is_one(pattern):
    assert groups(pattern)[0][:4] == ["bed/film1", "bed/film1", "bed/film2", "chair/film1"]


@pytest.mark.parametrize("lookaround", ["", "(?=\\.)"])
def test_a_group_that_takes_no_part_leaves_the_match(lookaround):
    assert groups("film(?:1|(2))_0." + lookaround)[0][:3] == ["film1_01", "film1_02", "2"]


def test_an_empty_match_is_none():
    with pytest.raises(UsageError, match="matches none"):
        groups("x*")


def test_a_path_that_matches_in_full_is_counted_as_matched():
    assert groups(".*")[1] == 0
    assert groups("(bed.*)") == ([*PATHS[:3], "//chair/film1_01.jpg", "//chair/odd.jpg"], 2)


def test_the_path_is_relative_to_an_archive():
    paths = [f"beds.zip!/{path}" for path in PATHS]
    found, alone = groups("^[^/]+/film.", paths, source="somewhere/beds.zip")
    assert (found[0], alone) == ("bed/film1", 1)
    assert groups("^beds.zip!/b", paths, source="folder")[1] == 2


def test_groups_of_a_list_are_replaced():
    assert groups("film.", group=["x", None, "x", None, "x"]) == groups("film.")


def test_unreadable_files_are_not_counted():
    assert groups("film.", error=[None] * 4 + ["empty"])[1] == 0
    with pytest.raises(UsageError, match=r"matches none of the 4 paths of pictures, such as 'bed/film1_01\.jpg'"):
        groups("odd", error=[None] * 4 + ["empty"])


@pytest.mark.parametrize("pattern", ["(", "[a", "*a", "", "(?P<1>a)", "a{2,1}", "x" * 2000, "(?z)"])
def test_invalid_patterns_are_refused(pattern):
    with pytest.raises(UsageError, match="not a valid regular expression"):
        check_pattern(pattern)


def test_nested_repetitions_take_no_time():
    assert groups("^(a+)+$|film", ["a" * 5000 + "/film.jpg", "b.jpg"])[1] == 1


def test_a_valid_pattern_is_returned():
    assert check_pattern("[[a]b") == "[[a]b"
