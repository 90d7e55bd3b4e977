import json

import pytest

from discern.catalog.formats.listing.listing_source import is_listing_name, listing_root, part_in_name, read_listing
from discern.errors import CatalogError
from tests.unit.catalog.factories import picture, write_files, write_zip

FORMATS = {
    "t.csv": "path,label\nin/1.png,x\nin/#.png,x",
    "metadata.csv": "file_name,label,patient\nin/1.png,x,\nin/#.png,x,",
    "odd.csv": "left_file_name,category\nin/1.png,x\nin/#.png,x",
    "t.lst": "0\tx\tin/1.png\n1\tx\tin/#.png",
    "t.manifest": '{"source-ref": "in/1.png", "class": "x"}\n{"source-ref": "in/#.png", "class": "x"}',
    "t.jsonl": '{"source-ref": "s3://b/in/1.png", "class": "x"}\n{"source-ref": "s3://b/in/#.png", "class": "x"}',
    "metadata.jsonl": '{"file_name": "in/1.png", "label": "x"}\n{"file_name": "in/#.png", "label": "x"}',
    "file_list.json": '{"x": ["in/1.png", "in/#.png"]}',
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_be_a_source(folder, scan_source, name):
    data = FORMATS[name].replace("#", "2").encode()
    write_files(folder, {name: data, **{f"in/{number}.png": picture(number) for number in (1, 2, 3)}})
    rows = scan_source(folder / name).table.select("path", "label", "part").rows()
    assert rows == [("in/1.png", "x", None), ("in/2.png", "x", None)]


@pytest.mark.parametrize("name", FORMATS)
def test_a_missing_file_is_a_row_with_an_error(folder, scan_source, name):
    catalog = scan_source(write_files(folder, {name: FORMATS[name].encode(), "in/1.png": picture(1)}) / name)
    (missing,) = catalog.table.filter(~catalog.readable).iter_rows(named=True)
    assert (missing["error"], missing["label"], len(catalog)) == ("unreadable_file", "x", 2)
    assert "#.png" in missing["message"]


def test_listed_pictures_may_be_in_archives(folder, scan_source):
    write_zip(folder / "in.zip", {"1.png": picture(1)})
    write_files(folder, {"t.lst": b"0\t1\tin.zip!/1.png\n"})
    assert scan_source(folder / "t.lst").labels == ("1",)


def test_groups_and_parts_are_read(folder, scan_source):
    lines = [{"file_name": f"{number}.png", "label": "x", "split": "val", "patient_id": number} for number in (1, 2)]
    files = {"metadata.jsonl": "\n".join(map(json.dumps, lines)).encode(), "1.png": picture(1), "2.png": picture(2)}
    table = scan_source(write_files(folder, files) / "metadata.jsonl").table
    assert table.select("part", "group").rows() == [("validation", "1"), ("validation", "2")]


def test_a_listing_in_a_folder_of_listings_applies_to_its_sibling(folder, scan_source):
    write_files(folder, {"train_lst/train.lst": b"0\t1\t1.png\n", "train/1.png": picture(1)})
    catalog = scan_source(folder / "train_lst" / "train.lst")
    assert (catalog.root, catalog.labels) == (folder / "train", ("1",))
    assert listing_root("a/val_lst/", {"a/val/"}.__contains__) == "a/val/"
    assert listing_root("a/val_lst/", {"val/"}.__contains__) == "a/val_lst/"
    assert listing_root("a/", lambda _: True) == "a/"


@pytest.mark.parametrize(
    "name", ["train.lst", "A.MANIFEST", "x.jsonl", "metadata.csv", "Metadata.Parquet", "file_list.json"]
)
def test_names_of_listings(name):
    assert is_listing_name(name)


@pytest.mark.parametrize("name", [".lst", "labels.csv", "metadata.json", "x.json", "x.lst.txt", "metadata.csv.png"])
def test_names_of_other_files(name):
    assert not is_listing_name(name)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("train.lst", "train"),
        ("bikes_val.lst", "validation"),
        ("test-1.manifest", "test"),
        ("train_and_test.lst", None),
        ("latest.lst", None),
        ("bikes.lst", None),
    ],
)
def test_the_part_in_the_name_of_a_listing(name, part):
    assert part_in_name(name) == part


def test_other_json_is_an_error(folder, scan_source):
    write_files(folder, {"package.json": b'{"name": "x"}'})
    with pytest.raises(CatalogError, match=r"package\.json does not list files by label"):
        scan_source(folder / "package.json")


def test_json_lines_without_paths_are_an_error():
    with pytest.raises(CatalogError, match="no column of paths; its columns are a, b"):
        read_listing("t.jsonl", b'{"a": 1}\n{"b": 2}\n')
