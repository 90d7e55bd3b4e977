import io

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
