import io
import json

import polars as pl
import pytest

from discern.catalog.formats.listing.listing_entry import ListingEntry
from discern.catalog.formats.listing.listing_source import ListingSource
from discern.catalog.formats.listing.tabular import read_table
from discern.errors import CatalogError, PictureError, UnreadableFile
from discern.picture import Limits
from tests.unit.catalog.factories import picture, write_files, write_zip


def parquet(**columns: list[object]) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize("name", ["path", "image", "filename", "file", "Path", " FILE "])
def test_spellings_of_the_path_column(name):
    assert read_table("t.csv", f"{name},label\na.jpg,cat\n".encode()) == [ListingEntry(path="a.jpg", label="cat")]


def test_all_columns_are_read():
    expected = [
        ListingEntry(path="a.jpg", label="cat", part="train", group="7"),
        ListingEntry(path="b.jpg", label=None, part="validation", group=None),
    ]
    assert read_table("t.csv", b"class;split;x;image;group\ncat;Training;1;./a.jpg;7\n;val;2;b.jpg;\n") == expected
    table = parquet(image=["a.jpg", "b.jpg"], label=["cat", None], part=["train", "dev"], group=[7, None])
    assert read_table("t.parquet", table) == expected


def test_path_takes_precedence_over_other_spellings():
    assert read_table("t.csv", b"file,path\nx,a.jpg\n") == [ListingEntry(path="a.jpg")]


def test_numeric_labels_are_unchanged():
    assert [entry.label for entry in read_table("t.csv", b"path,label\na,007\nb,1.50\n")] == ["007", "1.50"]
    assert [entry.label for entry in read_table("t.parquet", parquet(path=["a"], label=[3]))] == ["3"]


def test_duplicate_rows_are_merged():
    assert len(read_table("t.csv", b"path,label\na,x\na,x\n")) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"label\ncat\n", "no column of paths; its columns are label"),
        (b"path,label\na,x\nb,y\na,y\n", "line 4: 'a' is already listed"),
        (b"path,split\na,fold3\n", "line 2: unknown part 'fold3'"),
        (b"path,label\na,x\n,y\n", "line 3: the path is empty"),
    ],
)
def test_invalid_tables_are_errors(data, message):
    with pytest.raises(CatalogError, match=message) as caught:
        read_table("t.csv", data)
    assert caught.value.hint


@pytest.mark.parametrize("data", [b"", b"PAR1", parquet(other=["a"]), parquet(path=[b"\xff\xfe"])])
def test_invalid_parquet_is_an_error(data):
    with pytest.raises(CatalogError, match=r"t\.parquet"):
        read_table("t.parquet", data)


def test_files_are_found_next_to_the_table(tmp_path):
    write_files(tmp_path / "data", {"in/a.png": b"a", "other.png": b"o"})
    write_files(tmp_path, {"out.png": b"out", "free.png": b"free"})
    write_zip(tmp_path / "data" / "b.zip", {"1.png": b"1", "2.png": b"2"})
    rows = ["in/a.png", "../out.png", str(tmp_path / "free.png"), "b.zip!/2.png", "b.zip!/9.png", "absent.png"]
    table = tmp_path / "data" / "t.csv"
    table.write_text("\n".join(["path,label", *(f"{row},cat" for row in rows)]))
    source = ListingSource(table, limits=Limits())
    assert source.total == 6
    assert source.root == tmp_path / "data"
    found: dict[str, object] = {}
    for item in source.items():
        assert item.label == "cat"
        try:
            found[item.path] = item.load()
        except PictureError as error:
            found[item.path] = type(error)
    expected = [b"a", b"out", b"free", b"2", UnreadableFile, UnreadableFile]
    assert found == dict(zip(rows, expected, strict=True))


def test_a_missing_table_is_an_error(tmp_path):
    with pytest.raises(CatalogError, match="cannot be read"):
        ListingSource(tmp_path / "absent.csv", limits=Limits())


def test_a_picture_is_not_a_table():
    with pytest.raises(CatalogError, match="not UTF-8"):
        read_table("t.csv", picture(1))


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.parquet"])
def test_labels_that_differ_by_blanks_or_unicode_form_are_one(name):
    labels = [" caf\u00e9", "cafe\u0301", "\ufeffcaf\u00e9\u3000", "caf\u00e9\u200b", "\u00a0caf\u00e9", "\u200b "]
    paths = [f" {number}.png\u00a0" for number in range(6)]
    if name == "t.parquet":
        data = parquet(image=paths, label=labels)
    elif name == "t.jsonl":
        data = "\n".join(json.dumps({"image": path, "Label": label}) for path, label in zip(paths, labels, strict=True))
    else:
        separator = "\t" if name == "t.tsv" else ";"
        data = f" image {separator}\u00a0LABEL\n" + "\n".join(map(separator.join, zip(paths, labels, strict=True)))
    entries = read_table(name, data if isinstance(data, bytes) else data.encode())
    assert [(entry.path, entry.label) for entry in entries] == [
        (f"{number}.png", "caf\u00e9" if number < 5 else None) for number in range(6)
    ]


def test_parts_and_groups_may_have_blanks_around_them():
    (entry,) = read_table("t.jsonl", b'{"path": "a", "split": " Val ", "group": " 7 "}')
    assert (entry.part, entry.group) == ("validation", "7")
    assert read_table("t.jsonl", b'{"path": "a", "split": "  ", "group": " "}') == [ListingEntry(path="a")]


ONE_HOT = "filename, cat, dog \n" + "".join(f"{number}.jpg, {number % 2}, {1 - number % 2}\n" for number in range(6))


def test_one_column_for_each_class():
    notes = []
    entries = read_table("_classes.csv", ONE_HOT.encode(), add_note=notes.append)
    assert [(entry.path, entry.label) for entry in entries] == [
        (f"{number}.jpg", "cat" if number % 2 else "dog") for number in range(6)
    ]
    assert notes == ["The classes in _classes.csv are its columns cat, dog."]
    table = parquet(image=["1", "2", "3"], cat=[True, False, None], dog=[0.0, 1.0, 0.0])
    assert [entry.label for entry in read_table("t.parquet", table)] == ["cat", "dog", None]
    lines = b'{"image": "1", "cat": 1, "dog": 0}\n{"image": "2", "dog": true}\n'
    assert [entry.label for entry in read_table("t.jsonl", lines)] == ["cat", "dog"]


def test_rows_with_several_classes_or_none_have_no_label_and_are_counted():
    notes = []
    text = (
        ONE_HOT.replace("1.jpg, 1, 0", "1.jpg, 1, 1")
        .replace("2.jpg, 0, 1", "2.jpg, 0, 0")
        .replace("4.jpg, 0, 1", "4.jpg,,")
    )
    entries = read_table("t.csv", text.encode(), add_note=notes.append)
    assert [entry.label for entry in entries] == ["dog", None, None, "cat", None, "cat"]
    assert notes[:2] == [
        "t.csv gives several classes to 1 of 6 pictures (line 3: cat, dog). "
        "A picture can have one label, so these have none.",
        "t.csv gives no class to 2 of 6 pictures; these have no label.",
    ]


def test_a_table_of_several_classes_for_each_picture_is_an_error():
    with pytest.raises(CatalogError, match=r"several classes to 2 of 3 pictures \(line 2: cat, dog\)") as caught:
        read_table("t.csv", b"image,cat,dog\n1,1,1\n2,1,1\n3,0,1\n")
    assert "one label" in caught.value.hint


@pytest.mark.parametrize(
    ("header", "note"),
    [
        ("image,label", []),
        ("image,category", []),
        ("image,Breed", ["The labels are those in the column Breed of t.csv."]),
        ("image,label,breed", ["The labels are those in the column label of t.csv, not in breed."]),
        ("image,width", ["t.csv has no column of labels; its columns are image, width."]),
    ],
)
def test_a_note_says_which_column_was_read(header, note):
    notes = []
    read_table("t.csv", f"{header}\na,b{',c' * (header.count(',') - 1)}\n".encode(), add_note=notes.append)
    assert notes == note


def test_a_conflict_names_both_rows_and_the_number():
    with pytest.raises(CatalogError) as caught:
        read_table("t.csv", b"path,label\na,x\nb,y\n./a,y\nb,z\na, x \n")
    assert caught.value.message == (
        "t.csv, line 4: 'a' is already listed with another label: 'y' here, 'x' in t.csv, line 2. "
        "2 rows contradict earlier ones."
    )
