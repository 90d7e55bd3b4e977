"""Functions that read CSV, Parquet and JSON Lines tables of images."""

import io
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from discern.catalog.formats.listing.delimited import read_delimited
from discern.catalog.formats.listing.json_lines import Record, plain_text, read_records
from discern.catalog.formats.listing.listing_entry import ListingEntry, find_files
from discern.catalog.path_text import part_named
from discern.errors import CatalogError

TABLES = (".csv", ".tsv", ".parquet")

_COLUMNS = {
    "path": ("path", "image", "filename", "file", "file_name"),
    "label": ("label", "class", "labels", "category"),
    "part": ("split", "part"),
    "group": ("group", "group_id", "patient", "patient_id"),
}
_PATH_SUFFIX = "_file_name"
_ROW_NUMBER = "row"
_MAX_ROWS = 10_000_000
_Row = dict[str, str | None]


def read_table(name: str, data: bytes, *, labels: bool = True) -> list[ListingEntry]:
    """Read label list entries from a table with one row per image.

    Args:
        name: file name for messages; its suffix determines the format.
        data: the file's bytes.
        labels: whether labels, parts and groups matter.

    Raises:
        CatalogError: no path column, an unknown part, or conflicting rows for a picture.
    """
    if name.lower().endswith(".parquet"):
        rows = _parquet_rows(name, data)
    elif name.lower().endswith(TABLES):
        rows = _csv_rows(name, data)
    else:
        rows = _record_rows(name, read_records(name, data))
    return find_files((_entry(f"{name}, {where}", row) for where, row in rows), lambda _: True, labels=labels)


def find_value(row: Record, key: str) -> object:
    """Return the label, split part or group that a record declares, or None.

    `key` is one of these three; all of its spellings are accepted.
    """
    return next((row[spelling] for spelling in _COLUMNS[key] if spelling in row), None)


def parse_part(where: str, part: str | None) -> str | None:
    """Convert a table cell to "train", "validation" or "test", or None if it is empty.

    Raises:
        CatalogError: the part is unknown.
    """
    if part and part_named(part) is None:
        raise CatalogError(f"{where}: unknown part {part!r}.", hint='Use "train", "validation" or "test".')
    return part_named(part) if part else None


def _entry(where: str, row: _Row) -> ListingEntry:
    if not row["path"]:
        raise CatalogError(f"{where}: the path is empty.", hint="Fill it in, or remove the row.")
    return ListingEntry(
        path=row["path"].removeprefix("./"),
        label=row["label"] or None,
        part=parse_part(where, row["part"]),
        group=row["group"] or None,
        where=where,
    )


def _record_rows(name: str, records: list[tuple[int, Record]]) -> Iterator[tuple[str, _Row]]:
    header = list(dict.fromkeys(key for _, record in records for key in record))
    columns = _find_columns(name, header)
    for line, record in records:
        where = f"line {line}"
        values = {key: None if at is None else record.get(header[at]) for key, at in columns.items()}
        yield where, {key: plain_text(f"{name}, {where}", key, value) for key, value in values.items()}


def _csv_rows(name: str, data: bytes) -> Iterator[tuple[str, _Row]]:
    table = read_delimited(name, data, CatalogError)
    columns = _find_columns(name, table.header)
    for line, cells in table.rows:
        yield f"line {line}", {key: None if at is None else cells[at] for key, at in columns.items()}


def _parquet_rows(name: str, data: bytes) -> Iterator[tuple[str, _Row]]:
    try:
        lazy = pl.scan_parquet(io.BytesIO(data))
        columns = _find_columns(name, lazy.collect_schema().names())
        _require_rows(name, lazy)
        selected = [pl.nth(at).cast(pl.String).alias(key) for key, at in columns.items() if at is not None]
        # A small Parquet file may contain any number of equal rows.
        table = lazy.select(selected).with_row_index(_ROW_NUMBER, 1).collect()
        table = table.unique([key for key in columns if key in table.columns], keep="first", maintain_order=True)
    except pl.exceptions.PolarsError as error:
        raise CatalogError(
            f"{name} cannot be read as a table of pictures: {error}.", hint="Store paths and labels as text columns."
        ) from error
    for row in table.iter_rows(named=True):
        yield f"row {row[_ROW_NUMBER]}", {key: row.get(key) for key in _COLUMNS}


def _require_rows(name: str, lazy: pl.LazyFrame) -> None:
    rows = lazy.select(pl.len()).collect().item()
    if rows > _MAX_ROWS:
        raise CatalogError(f"{name} has {rows:,} rows.", hint=f"Split it into files of at most {_MAX_ROWS:,} rows.")


def _find_columns(name: str, header: Sequence[str]) -> dict[str, int | None]:
    names = [column.strip().lower() for column in header]
    found = {key: _first(names, spellings) for key, spellings in _COLUMNS.items()}
    if found["path"] is None:
        found["path"] = next((at for at, column in enumerate(names) if column.endswith(_PATH_SUFFIX)), None)
    if found["path"] is None:
        raise CatalogError(
            f"{name} has no column of paths; its columns are {', '.join(header)}.",
            hint=f"Name the column of paths {' or '.join(_COLUMNS['path'])}.",
        )
    return found


def _first(names: Sequence[str], spellings: Iterable[str]) -> int | None:
    return next((names.index(spelling) for spelling in spellings if spelling in names), None)
