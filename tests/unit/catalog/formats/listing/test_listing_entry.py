import pytest

from discern.catalog.formats.listing.listing_entry import ListingEntry, find_files, paths_inside
from discern.errors import CatalogError


def test_paths_are_normalised_and_stay_inside():
    assert paths_inside("./a//b.png", "../c", "/d", "C:/e", "a\\b.png") == ("a/b.png", "", "", "", "a/b.png")


def test_the_candidate_that_exists_is_used():
    entry = ListingEntry(path="s3://b/x/1.png", candidates=("x/1.png", "1.png"), label="cat")
    (found,) = find_files([entry], {"1.png"}.__contains__)
    assert (found.path, found.label, found.missing) == ("1.png", "cat", "")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (
            ListingEntry(path="s3://b/1.png", candidates=("1.png",), where="line 3"),
            "line 3: s3://b/1.png is not next to the listing",
        ),
        (ListingEntry(path="../1.png", candidates=("",), where="line 3"), "line 3: ../1.png leads outside"),
        (ListingEntry(path="a/1.png", candidates=("a/1.png", "b/1.png")), "no file at a/1.png or b/1.png"),
    ],
)
def test_a_missing_file_has_a_reason(entry, reason):
    (found,) = find_files([entry], lambda _: False)
    assert found.path == entry.path
    assert reason in found.missing


def bucket_entries(*keys: str) -> list[ListingEntry]:
    folders = [key.split("/") for key in keys]
    tails = [tuple("/".join(names[at:]) for at in range(len(names))) for names in folders]
    return [ListingEntry(path=f"s3://b/{key}", candidates=at) for key, at in zip(keys, tails, strict=True)]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"set/a/1.png", "set/b/1.png", "1.png"}, ["set/a/1.png", "set/b/1.png", ""]),
        ({"a/1.png", "b/1.png", "1.png"}, ["a/1.png", "b/1.png", "1.png"]),
        ({"a/1.png", "2.png"}, ["a/1.png", "", ""]),
        ({"1.png"}, ["", "", "1.png"]),
        (set(), ["", "", ""]),
    ],
)
def test_all_keys_lose_the_same_number_of_folders(files, found):
    entries = find_files(bucket_entries("set/a/1.png", "set/b/1.png", "set/1.png"), files.__contains__)
    assert [("" if entry.missing else entry.path) for entry in entries] == found


def test_keys_lose_all_folders_if_only_names_match():
    entries = find_files(bucket_entries("x/1.png", "x/y/2.png", "3.png"), {"1.png", "2.png", "3.png"}.__contains__)
    assert [entry.path for entry in entries] == ["1.png", "2.png", "3.png"]


def test_a_path_without_candidates_is_unchanged():
    assert find_files([ListingEntry(path="../1.png")], lambda _: False)[0].missing == ""


def test_equal_entries_are_merged():
    assert len(find_files([ListingEntry(path="a", label="x"), ListingEntry(path="a", label="x")], lambda _: True)) == 1


@pytest.mark.parametrize(
    "entries",
    [
        [ListingEntry(path="a", label="x"), ListingEntry(path="a", label="y", where="line 2")],
        [ListingEntry(path="a", part="train"), ListingEntry(path="a", part="test", where="line 2")],
        [
            ListingEntry(path="s3://b/x/a", candidates=("a",)),
            ListingEntry(path="s3://b/y/a", candidates=("a",), where="line 2"),
        ],
    ],
)
def test_conflicting_entries_are_an_error(entries):
    with pytest.raises(CatalogError, match="line 2: 'a' is already listed"):
        find_files(entries, lambda _: True)
