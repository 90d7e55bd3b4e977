import io
from itertools import starmap

import polars as pl
import pytest

from discern.catalog.formats.listing.json_lines import read_records
from discern.catalog.formats.listing.row_table import DelimitedTable, ParquetTable, RecordTable
from discern.errors import CatalogError


def parquet(**columns: list[object]) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


TABLES = {
    "csv": DelimitedTable("t.csv", b" a , b\n 1 , x y\n\n2,\n"),
    "records": RecordTable("t", read_records("t", b'{"a": "1", "b": "x y"}\n\n{"a": 2}')),
    "parquet": ParquetTable("t.parquet", parquet(a=[1, 2], b=["x y", None])),
}


@pytest.mark.parametrize(("kind", "second"), [("csv", "line 4"), ("records", "line 3"), ("parquet", "row 2")])
def test_columns_are_read_by_position(kind, second):
    table = TABLES[kind]
    assert table.header == ["a", "b"]
    assert [(where, [cell or None for cell in cells]) for where, cells in table.rows([1, 0, 0])][1] == (
        second,
        [None, "2", "2"],
    )
    assert [cell or None for cell in table.values(1)] == ["x y", None]


def test_values_of_any_kind_can_be_compared():
    table = RecordTable("t", read_records("t", b'{"a": [1], "b": true}'))
    assert list(table.values(0)) == ["[1]"]
    with pytest.raises(CatalogError, match="t, line 1: a is a list"):
        list(table.rows([0]))
    assert list(ParquetTable("t", parquet(a=[[1], [2]])).values(0)) == ["List(Int64)"]


def test_equal_rows_of_parquet_are_one():
    assert list(starmap(lambda where, _: where, ParquetTable("t", parquet(a=[1, 1, 2], b=[3, 4, 3])).rows([0]))) == [
        "row 1",
        "row 3",
    ]
