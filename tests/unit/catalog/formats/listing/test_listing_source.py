import json

import pytest

from discern.catalog.formats.listing.listing_source import files_in_listings, may_list, part_listed, read_listing
from discern.errors import CatalogError
from tests.unit.catalog.factories import picture, write_files, write_zip

FORMS = {
    "t.csv": "path,label\nin/1.png,x\nin/#.png,x",
    "metadata.csv": "file_name,label,patient\nin/1.png,x,\nin/#.png,x,",
    "odd.csv": "left_file_name,category\nin/1.png,x\nin/#.png,x",
    "t.lst": "0\tx\tin/1.png\n1\tx\tin/#.png",
    "t.manifest": '{"source-ref": "in/1.png", "class": "x"}\n{"source-ref": "in/#.png", "class": "x"}',
    "t.jsonl": '{"source-ref": "s3://b/in/1.png", "class": "x"}\n{"source-ref": "s3://b/in/#.png", "class": "x"}',
    "metadata.jsonl": '{"file_name": "in/1.png", "label": "x"}\n{"file_name": "in/#.png", "label": "x"}',
    "file_list.json": '{"x": ["in/1.png", "in/#.png"]}',
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_may_be_pointed_at(folder, look_at, name):
    data = FORMS[name].replace("#", "2").encode()
    write_files(folder, {name: data, **{f"in/{number}.png": picture(number) for number in (1, 2, 3)}})
    rows = look_at(folder / name).table.select("path", "label", "part").rows()
    assert rows == [("in/1.png", "x", None), ("in/2.png", "x", None)]


@pytest.mark.parametrize("name", FORMS)
def test_a_file_that_is_missing_is_a_row_with_a_reason(folder, look_at, name):
    catalog = look_at(write_files(folder, {name: FORMS[name].encode(), "in/1.png": picture(1)}) / name)
    (lost,) = catalog.table.filter(~catalog.readable).iter_rows(named=True)
    assert (lost["error"], lost["label"], len(catalog)) == ("unreadable_file", "x", 2)
    assert "#.png" in lost["message"]


def test_pictures_of_a_list_may_lie_in_archives(folder, look_at):
    write_zip(folder / "in.zip", {"1.png": picture(1)})
    write_files(folder, {"t.lst": b"0\t1\tin.zip!/1.png\n"})
    assert look_at(folder / "t.lst").labels == ("1",)


def test_groups_and_parts_are_declared(folder, look_at):
    lines = [{"file_name": f"{number}.png", "label": "x", "split": "val", "patient_id": number} for number in (1, 2)]
    files = {"metadata.jsonl": "\n".join(map(json.dumps, lines)).encode(), "1.png": picture(1), "2.png": picture(2)}
    table = look_at(write_files(folder, files) / "metadata.jsonl").table
    assert table.select("part", "group").rows() == [("validation", "1"), ("validation", "2")]


def test_a_list_in_a_folder_for_lists_speaks_for_the_folder_beside_it(folder, look_at):
    write_files(folder, {"train_lst/train.lst": b"0\t1\t1.png\n", "train/1.png": picture(1)})
    catalog = look_at(folder / "train_lst" / "train.lst")
    assert (catalog.root, catalog.labels) == (folder / "train", ("1",))
    assert files_in_listings("a/val_lst/", {"a/val/"}.__contains__) == "a/val/"
    assert files_in_listings("a/val_lst/", {"val/"}.__contains__) == "a/val_lst/"
    assert files_in_listings("a/", lambda _: True) == "a/"


@pytest.mark.parametrize(
    "name", ["train.lst", "A.MANIFEST", "x.jsonl", "metadata.csv", "Metadata.Parquet", "file_list.json"]
)
def test_names_that_lists_have_among_pictures(name):
    assert may_list(name)


@pytest.mark.parametrize("name", [".lst", "labels.csv", "metadata.json", "x.json", "x.lst.txt", "metadata.csv.png"])
def test_names_that_they_have_not(name):
    assert not may_list(name)


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
def test_the_part_that_a_list_is_named_for(name, part):
    assert part_listed(name) == part


def test_json_of_others_is_refused_by_name(folder, look_at):
    write_files(folder, {"package.json": b'{"name": "x"}'})
    with pytest.raises(CatalogError, match=r"package\.json lists no files by label"):
        look_at(folder / "package.json")


def test_json_lines_without_pictures_are_refused():
    with pytest.raises(CatalogError, match="no column of pictures: it has a, b"):
        read_listing("t.jsonl", b'{"a": 1}\n{"b": 2}\n')
