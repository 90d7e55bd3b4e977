import pytest

from discern.catalog.formats.listing.file_search import ListedFolder, locate_files
from discern.catalog.formats.listing.listing_entry import ListingEntry
from discern.errors import CatalogError

IMAGES = [f"images/{number}.png" for number in range(20)]


def located(files, *paths, search=True, required=True, nearby=(), labels=True):
    notes = []
    place = ListedFolder(
        name="t.csv",
        folder="/here",
        exists=set(files).__contains__,
        below=lambda: files,
        search=search,
        nearby=lambda: nearby,
    )
    entries = [ListingEntry(path=path, label="x", where=f"line {line}") for line, path in enumerate(paths, 2)]
    found = locate_files(entries, place, labels=labels, required=required, add_note=notes.append)
    return [entry.path if not entry.missing else "" for entry in found], notes


@pytest.mark.parametrize("form", ["images\\{0}.png", "./images//{0}.png", "file:images/{0}.png", "images/%3{0}.png"])
def test_another_spelling_of_the_same_place_needs_no_note(form):
    paths = [form.format(number) for number in range(9)]
    assert located(IMAGES, *paths) == (IMAGES[:9], [])


@pytest.mark.parametrize(
    "form",
    [
        "C:\\Users\\me\\data\\images\\{0}.png",
        "\\\\server\\share\\images\\{0}.png",
        "/home/me/images/{0}.png",
        "file:///home/my%20pictures/images/{0}.png",
        "data/images/{0}.png",
        "../images/{0}.png",
        "{0}.png",
        "{0}",
        "x/y/{0}.PNG",
        "https://host/{0}.png?size=9",
    ],
)
def test_files_are_found_below_the_folder_if_no_path_leads_to_one(form):
    found, (note,) = located(IMAGES, *[form.format(number) for number in range(20)])
    assert found == IMAGES
    assert "/here as written. All 20 were found below" in note
    assert f"images/0.png for {form.format(0)}" in note


def test_mixed_spellings_of_one_place_are_found_one_by_one():
    found, notes = located(IMAGES, "images/0.png", "images\\1.png", "IMAGES/2.PNG", "images/3", "4.png")
    assert (found, notes) == ([*IMAGES[:4], ""], [])


def test_nothing_is_searched_elsewhere_if_any_path_leads_to_a_file():
    assert located(IMAGES, "images/0.png", "1.png", "2.png") == (["images/0.png", "", ""], [])


def test_nothing_is_searched_elsewhere_where_folders_label_the_pictures():
    assert located(IMAGES, "0.png", search=False, required=False) == ([""], [])


def test_one_missing_file_in_ten_is_an_error_of_its_row():
    found, notes = located(IMAGES[1:], *[f"{number}.png" for number in range(20)])
    assert found == ["", *IMAGES[1:]]
    assert "19 of the 20 were found" in notes[0]


def test_a_file_of_the_same_name_does_not_stand_in_for_a_missing_one():
    files = [f"{kind}/{number}.png" for kind in "ab" for number in range(10)][:-1]
    found, _ = located(files, *[f"C:/set/{kind}/{number}.png" for kind in "ab" for number in range(10)])
    assert found == [*files, ""]
    with pytest.raises(CatalogError, match=r"No file that t\.csv lists"):
        located(["x/1.png"], "C:/a/1.png", "C:/b/1.png")


@pytest.mark.parametrize(
    ("files", "paths", "remedy"),
    [
        (["a/1.png", "b/1.png"], ["1.png"], "1.png could be a/1.png or b/1.png: write paths that say which"),
        (["a/1.png"], ["1.png", "2.png", "3.png"], "1 of the 3 are below it by name, such as a/1.png for 1.png"),
        (["a/1.png"], ["7.png"], "none with these names below that folder either. Correct the paths"),
        (["a/1.png"], ["https://host/7.png"], "discern collect LIST"),
        (["a/1.png"], [".."], "Correct the paths"),
    ],
)
def test_the_message_names_the_folder_and_the_remedy(files, paths, remedy):
    with pytest.raises(CatalogError) as caught:
        located(files, *paths)
    assert caught.value.message == (
        f"No file that t.csv lists was found ({len(paths)} in all): its paths are meant from /here, where there is no "
        f"{paths[0]}."
    )
    assert remedy in caught.value.hint


@pytest.mark.parametrize(("path", "place"), [("images/1.png", ""), ("1.png", "images"), ("D:\\x\\1.png", "images")])
def test_a_place_outside_is_named_and_not_used(tmp_path, path, place):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.png").touch()
    with pytest.raises(CatalogError) as caught:
        located([], path, nearby=[tmp_path, tmp_path.parent])
    assert caught.value.hint in {
        f"It is found from {tmp_path / place}: put the list there.",
        f"It is in {tmp_path / place}: put the list there.",
    }


def test_without_labels_missing_files_are_rows():
    assert located([], "1.png", required=False) == ([""], [])


def test_rows_of_one_file_are_merged_whatever_their_spelling():
    assert located(IMAGES, "images/0.png", "images\\0.png", "./images/0.png", "images/0.PNG")[0] == ["images/0.png"]


def test_candidates_of_other_formats_are_not_mixed():
    entries = [
        ListingEntry(path=f"s3://b/{key}", candidates=tails)
        for key, tails in [("c/1.png", ("c/1.png", "1.png")), ("c/d/2.png", ("c/d/2.png", "d/2.png", "2.png"))]
    ]
    files = ["1.png", "2.png", "d/3.png"]
    place = ListedFolder(name="m", folder="/here", exists=files[:1].__contains__, below=lambda: files)
    assert [bool(entry.missing) for entry in locate_files(entries, place)] == [False, True]
