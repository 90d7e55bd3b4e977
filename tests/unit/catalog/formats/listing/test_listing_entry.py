import pytest

from discern.catalog.formats.listing.listing_entry import ListingEntry, find_files, places_inside
from discern.errors import CatalogError


def test_places_have_one_spelling_and_stay_inside():
    assert places_inside("./a//b.png", "../c", "/d", "C:/e", "a\\b.png") == ("a/b.png", "", "", "", "a/b.png")


def test_the_place_with_a_file_is_meant():
    entry = ListingEntry(path="s3://b/x/1.png", places=("x/1.png", "1.png"), label="cat")
    (found,) = find_files([entry], {"1.png"}.__contains__)
    assert (found.path, found.label, found.lost) == ("1.png", "cat", "")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (
            ListingEntry(path="s3://b/1.png", places=("1.png",), where="line 3"),
            "line 3: s3://b/1.png is not beside the list",
        ),
        (ListingEntry(path="../1.png", places=("",), where="line 3"), "line 3: ../1.png leads outside"),
        (ListingEntry(path="a/1.png", places=("a/1.png", "b/1.png")), "no file at a/1.png or b/1.png"),
    ],
)
def test_a_file_that_is_not_found_is_said_to_be_lost(entry, why):
    (found,) = find_files([entry], lambda _: False)
    assert found.path == entry.path
    assert why in found.lost


def addresses(*keys: str) -> list[ListingEntry]:
    folders = [key.split("/") for key in keys]
    tails = [tuple("/".join(names[at:]) for at in range(len(names))) for names in folders]
    return [ListingEntry(path=f"s3://b/{key}", places=at) for key, at in zip(keys, tails, strict=True)]


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
def test_addresses_lose_the_same_number_of_folders(files, found):
    entries = find_files(addresses("set/a/1.png", "set/b/1.png", "set/1.png"), files.__contains__)
    assert [("" if entry.lost else entry.path) for entry in entries] == found


def test_addresses_lose_all_folders_where_names_differ():
    entries = find_files(addresses("x/1.png", "x/y/2.png", "3.png"), {"1.png", "2.png", "3.png"}.__contains__)
    assert [entry.path for entry in entries] == ["1.png", "2.png", "3.png"]


def test_a_path_without_places_stands():
    assert find_files([ListingEntry(path="../1.png")], lambda _: False)[0].lost == ""


def test_the_same_said_twice_counts_once():
    assert len(find_files([ListingEntry(path="a", label="x"), ListingEntry(path="a", label="x")], lambda _: True)) == 1


@pytest.mark.parametrize(
    "entries",
    [
        [ListingEntry(path="a", label="x"), ListingEntry(path="a", label="y", where="line 2")],
        [ListingEntry(path="a", part="train"), ListingEntry(path="a", part="test", where="line 2")],
        [
            ListingEntry(path="s3://b/x/a", places=("a",)),
            ListingEntry(path="s3://b/y/a", places=("a",), where="line 2"),
        ],
    ],
)
def test_one_picture_said_to_be_two_things_is_an_error(entries):
    with pytest.raises(CatalogError, match="line 2: 'a' stands there before"):
        find_files(entries, lambda _: True)
