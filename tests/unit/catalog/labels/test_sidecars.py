"""Files that belong to pictures are found by their names, and JSON files among them give labels."""

import json
from pathlib import Path

import polars as pl
import pytest

from discern.catalog import scan
from discern.catalog.labels.resolve import LayoutRules
from discern.catalog.labels.sidecars import find_sidecars
from discern.errors import CatalogError
from tests.unit.catalog.factories import picture, write_archive, write_files

BINS = {
    **{f"bin-images/{number:05}.jpg": picture(number, file_format="JPEG") for number in range(1, 9)},
    **{f"metadata/{number:05}.json": json.dumps({"EXPECTED_QUANTITY": number % 3}).encode() for number in range(1, 9)},
}


def table(*paths: str) -> pl.DataFrame:
    """Scanned files, of which pictures can be read."""
    errors = [None if path.endswith((".jpg", ".png")) else "not_a_picture" for path in paths]
    return pl.DataFrame({"path": paths, "error": errors}, {"path": pl.String, "error": pl.String})


@pytest.mark.parametrize(
    ("file", "picture_path"),
    [
        ("a/1.json", "a/1.jpg"),
        ("a/1.txt", "a/1.jpg"),
        ("a/1.JSON", "a/1.jpg"),
        ("a/1.jpg.json", "a/1.jpg"),
        ("metadata/1.json", "images/1.jpg"),
        ("x/metadata/1.json", "x/images/1.jpg"),
        ("metadata/00/1.json", "images/00/1.jpg"),
        ("images/metadata/1.json", "images/1.jpg"),
        ("cafe\u0301.json", "café.jpg"),
        ("a.zip!/m/1.json", "a.zip!/i/1.jpg"),
    ],
)
def test_a_file_beside_a_picture_or_its_folder_belongs_to_it(file: str, picture_path: str) -> None:
    assert find_sidecars(table(picture_path, file)) == {file: [picture_path]}


@pytest.mark.parametrize(
    "file", ["a/2.json", "1.json", "x/y/1.json", "a/1.xml", "a/1.mp4", "metadata.csv", "a/file_list.json", "b/c/1.json"]
)
def test_other_files_belong_to_none(file: str) -> None:
    assert find_sidecars(table("a/1.jpg", file)) == {}


def test_a_file_of_one_picture_is_not_taken_for_that_of_another() -> None:
    files = table("cat/1.jpg", "cat/1.json", "dog/1.jpg")
    assert find_sidecars(files) == {"cat/1.json": ["cat/1.jpg"]}
    files = table("cat/1.jpg", "cat/1.json", "meta/1.json")
    assert find_sidecars(files) == {"cat/1.json": ["cat/1.jpg"]}


def test_a_file_may_belong_to_several_pictures() -> None:
    assert find_sidecars(table("i/1.jpg", "crops/1.png", "m/1.json")) == {"m/1.json": ["i/1.jpg", "crops/1.png"]}


@pytest.mark.parametrize("form", ["", ".zip", ".tar.gz"])
def test_the_layout_of_the_bins_is_a_source_by_itself(scan_source, tmp_path: Path, form: str) -> None:
    source = write_archive(tmp_path / f"bins{form}", BINS) if form else write_files(tmp_path / "bins", BINS)
    catalog = scan_source(source)
    assert catalog.labels == ("0", "1", "2")
    assert catalog.table["label"].to_list() == ["1", "2", "0", "1", "2", "0", "1", "2"]
    assert {(file.reason, file.message) for file in catalog.left_out} == {("sidecar", "")}
    assert len(catalog.left_out) == 8
    assert catalog.notes == ("The labels are the EXPECTED_QUANTITY in 8 JSON files of the pictures.",)


def test_each_fault_is_listed_and_described(scan_source, folder: Path) -> None:
    files = dict(BINS)
    del files["bin-images/00001.jpg"], files["metadata/00002.json"]
    files |= {
        "metadata/00003.json": b'{"EXPECTED_QUANTITY": 3',
        "metadata/00004.json": b'{"QUANTITY": 3}',
        "metadata/00005.json": b'{"EXPECTED_QUANTITY": null}',
        "metadata/00006.json": b'{"EXPECTED_QUANTITY": [1]}',
        "bin-images/00007.jpg": b"damaged",
    }
    catalog = scan_source(write_files(folder, files))
    table = catalog.table.filter(catalog.readable)
    assert dict(zip(table["path"], table["label"], strict=True)) == {
        **{f"bin-images/0000{number}.jpg": None for number in (2, 3, 4, 5, 6)},
        "bin-images/00008.jpg": "2",
    }
    messages = dict(zip(table["path"], table["message"], strict=True))
    assert messages["bin-images/00002.jpg"] == "There is no JSON file for it."
    assert "not valid JSON" in messages["bin-images/00003.jpg"]
    assert messages["bin-images/00004.jpg"] == "metadata/00004.json gives no label. It has no EXPECTED_QUANTITY."
    reasons = {file.path: file.message for file in catalog.left_out if file.reason == "sidecar"}
    assert len(reasons) == 7
    assert "There is no picture" in reasons["metadata/00001.json"]
    assert "is a list" in reasons["metadata/00006.json"]
    assert reasons["metadata/00007.json"] == reasons["metadata/00008.json"] == ""
    text = " ".join(catalog.notes)
    assert "in 2 JSON files" in text
    for part in (
        "2 files that cannot be used (metadata/00003.json and 1 more)",
        "1 file without EXPECTED_QUANTITY (metadata/00004.json)",
        "1 file without a value of EXPECTED_QUANTITY (metadata/00005.json)",
        "1 file without a picture (metadata/00001.json)",
        "1 picture has no JSON file (bin-images/00002.jpg)",
    ):
        assert part in text


def test_json_files_that_disagree_give_no_label(scan_source, folder: Path) -> None:
    files = dict(BINS) | {
        "extra/00001.json": b'{"EXPECTED_QUANTITY": 9}',
        "extra/00002.json": b'{"EXPECTED_QUANTITY": 2}',
    }
    catalog = scan_source(write_files(folder, files))
    assert catalog.table["label"].to_list()[:3] == [None, "2", "0"]
    assert "1 picture: Its JSON files give different labels (bin-images/00001.jpg)." in catalog.notes


def test_files_that_all_disagree_are_refused(folder: Path, tmp_path: Path) -> None:
    files = {"i/1.jpg": picture(1), "a/1.json": b'{"n": 1}', "b/1.json": b'{"n": 2}'}
    with pytest.raises(CatalogError, match="different labels"):
        scan(write_files(folder, files), cache=tmp_path / "cache", layout=LayoutRules(label_from="n"))


def test_folders_of_classes_win_over_metadata(scan_source, folder: Path) -> None:
    files = {
        f"{number}/{name}.jpg": picture(10 * number + name, file_format="JPEG") for number in (1, 2) for name in (1, 2)
    }
    files |= {f"{number}/{name}.json": b'{"EXPECTED_QUANTITY": 7}' for number in (1, 2) for name in (1, 2)}
    catalog = scan_source(write_files(folder, files))
    assert catalog.labels == ("1", "2")
    assert {file.reason for file in catalog.left_out} == {"sidecar"}
    assert catalog.notes == ()


def test_a_list_wins_over_metadata(scan_source, folder: Path) -> None:
    listed = {
        "1": ["data/metadata/00001.json", "data/metadata/00002.json"],
        "5": [f"x/0000{n}.json" for n in range(3, 9)],
    }
    catalog = scan_source(write_files(folder, BINS | {"file_list.json": json.dumps(listed).encode()}))
    assert catalog.labels == ("1", "5")


def test_text_beside_pictures_is_not_unreadable(scan_source, folder: Path) -> None:
    files = {"a/1.png": picture(1), "a/1.txt": b"a caption", "b/2.png": picture(2), "b/readme.txt": b"text"}
    catalog = scan_source(write_files(folder, files))
    assert [(file.path, file.reason) for file in catalog.left_out] == [("a/1.txt", "sidecar")]
    assert catalog.table["path"].filter(~catalog.readable).to_list() == ["b/readme.txt"]


def test_metadata_without_the_key_of_bins_give_no_labels(scan_source, folder: Path) -> None:
    files = {name: data for name, data in BINS.items() if name.endswith(".jpg")}
    files |= {name: b'{"quantity": 3}' for name in BINS if name.endswith(".json")}
    catalog = scan_source(write_files(folder, files))
    assert catalog.labels == ("bin-images",)
    assert len(catalog.left_out) == 8


def test_files_without_any_label_are_refused_with_their_keys(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="None of the 8 JSON files") as caught:
        scan(write_files(folder, BINS), cache=tmp_path / "cache", layout=LayoutRules(label_from="nothing"))
    assert "EXPECTED_QUANTITY" in caught.value.hint
