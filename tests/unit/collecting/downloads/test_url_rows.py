"""Lists of addresses are read from tables and text."""

from pathlib import Path

import polars as pl
import pytest

from discern.collecting.downloads.url_rows import UrlRow, read_url_rows
from discern.errors import CatalogError

ROWS = [UrlRow(url="https://a.example/1.jpg", label="cat", group="g", license="CC0"), UrlRow(url="https://a.example/2")]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_with_all_columns(tmp_path: Path) -> None:
    text = "\ufeffURL;Label;group;Licence\nhttps://a.example/1.jpg; cat ;g;CC0\nhttps://a.example/2;;;\n;dog;;\n"
    assert read_url_rows(written(tmp_path / "a.csv", text)) == ROWS


def test_parquet_and_json_lines(tmp_path: Path) -> None:
    columns = {
        "image_url": [row.url for row in ROWS],
        "class": ["cat", None],
        "group": ["g", None],
        "license": ["CC0", None],
    }
    pl.DataFrame(columns).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame(columns).write_ndjson(tmp_path / "a.jsonl")
    assert read_url_rows(tmp_path / "a.parquet") == read_url_rows(tmp_path / "a.jsonl") == ROWS


@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
def test_lines_of_addresses(tmp_path: Path, name: str) -> None:
    text = "https://a.example/1,2.jpg\n# a remark\n\n  https://a.example/2  \n"
    rows = read_url_rows(written(tmp_path / name, text))
    assert [row.url for row in rows] == ["https://a.example/1,2.jpg", "https://a.example/2"]


def test_the_only_column_of_addresses_is_found_by_its_content(tmp_path: Path) -> None:
    rows = read_url_rows(written(tmp_path / "a.csv", "where,label\nhttp://a.example/1,cat\n"))
    assert rows == [UrlRow(url="http://a.example/1", label="cat")]


@pytest.mark.parametrize(
    ("text", "message"),
    [("path,label\na.jpg,cat\n", "no column of addresses"), ("url,label\n", "lists no address"), ("", "is empty")],
)
def test_lists_without_addresses_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message) as caught:
        read_url_rows(written(tmp_path / "a.csv", text))
    assert caught.value.hint


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"a\.csv cannot be read"):
        read_url_rows(tmp_path / "a.csv")
