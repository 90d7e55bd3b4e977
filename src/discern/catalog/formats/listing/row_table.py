"""Tables of text, read from CSV, JSON Lines or Parquet."""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import polars as pl

from discern.catalog.formats.listing.delimited import read_delimited
from discern.catalog.formats.listing.json_lines import Record, plain_text
from discern.errors import CatalogError

Row = list[str | None]

_MAX_ROWS = 10_000_000
_ROW_NUMBER = "row"


class RowTable(Protocol):
    """Protocol of tables whose columns are read by position."""

    header: list[str]

    def rows(self, columns: Sequence[int]) -> Iterator[tuple[str, Row]]:
        """Yield the place of each row, for messages, and its cells in the given columns.

        Raises:
            CatalogError: a cell is not text.
        """

    def values(self, column: int) -> Iterable[str | None]:
        """Return the cells of a column as text; lists and the like as Python writes them."""


class DelimitedTable:
    """Table of delimited text."""

    def __init__(self, name: str, data: bytes) -> None:
        table = read_delimited(name, data, CatalogError, trim=True)
        self.header = table.header
        self._rows = list(table.rows)

    def rows(self, columns: Sequence[int]) -> Iterator[tuple[str, Row]]:
        """Yield the line of each row and its cells in the given columns."""
        for line, cells in self._rows:
            yield f"line {line}", [cells[at] for at in columns]

    def values(self, column: int) -> Iterable[str | None]:
        """Return the cells of a column."""
        return (cells[column] for _, cells in self._rows)


class RecordTable:
    """Table of JSON objects, whose columns are all keys."""

    def __init__(self, name: str, records: list[tuple[int, Record]]) -> None:
        self.header = list(dict.fromkeys(key for _, record in records for key in record))
        self._name, self._records = name, records

    def rows(self, columns: Sequence[int]) -> Iterator[tuple[str, Row]]:
        """Yield the line of each object and its values for the given keys."""
        keys = [self.header[at] for at in columns]
        for line, record in self._records:
            where = f"line {line}"
            yield where, [plain_text(f"{self._name}, {where}", key, record.get(key)) for key in keys]

    def values(self, column: int) -> Iterable[str | None]:
        """Return the values of a key as text; lists and objects as Python writes them."""
        found = (record.get(self.header[column]) for _, record in self._records)
        return (None if value is None else str(value) for value in found)


class ParquetTable:
    """Table in a Parquet file."""

    def __init__(self, name: str, data: bytes) -> None:
        self._name = name
        try:
            self._table = pl.scan_parquet(io.BytesIO(data))
            self._schema = self._table.collect_schema()
            rows = self._table.select(pl.len()).collect().item()
        except pl.exceptions.PolarsError as error:
            raise self._error(error) from error
        if rows > _MAX_ROWS:
            raise CatalogError(f"{name} has {rows:,} rows.", hint=f"Split it into files of at most {_MAX_ROWS:,} rows.")
        self.header = self._schema.names()

    def rows(self, columns: Sequence[int]) -> Iterator[tuple[str, Row]]:
        """Yield the number of each row that differs from those before, and its cells in the given columns."""
        table = self._select(columns).with_row_index(_ROW_NUMBER, 1)
        try:
            # A small Parquet file may contain any number of equal rows.
            found = table.collect().unique(list(map(str, range(len(columns)))), keep="first", maintain_order=True)
        except pl.exceptions.PolarsError as error:
            raise self._error(error) from error
        for number, *cells in found.iter_rows():
            yield f"row {number}", cells

    def values(self, column: int) -> Iterable[str | None]:
        """Return the different cells of a column, or its type if it has no text or numbers."""
        try:
            return self._select([column]).unique(maintain_order=True).collect().to_series().to_list()
        except pl.exceptions.PolarsError:
            return [str(self._schema[self.header[column]])]

    def _select(self, columns: Sequence[int]) -> pl.LazyFrame:
        return self._table.select(pl.nth(at).cast(pl.String).alias(str(place)) for place, at in enumerate(columns))

    def _error(self, error: Exception) -> CatalogError:
        return CatalogError(
            f"{self._name} cannot be read as a table of pictures: {error}.",
            hint="Store paths and labels as text columns.",
        )
