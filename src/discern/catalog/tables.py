"""A table of pictures: CSV or Parquet, one row per file."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from discern.catalog.delimited import read_delimited
from discern.catalog.naming import part_named
from discern.catalog.reading import items_at
from discern.catalog.sources import Item
from discern.errors import CatalogError
from discern.picture import Limits

SUFFIXES = (".csv", ".tsv", ".parquet")

_COLUMNS = {
    "path": ("path", "image", "filename", "file"),
    "label": ("label", "class"),
    "part": ("split", "part"),
    "group": ("group",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One row of a table: a picture's path beside the table, and what is declared of it."""

    path: str
    label: str | None = None
    part: str | None = None
    group: str | None = None


class TableSource:
    """The pictures that a table names; paths are relative to the folder that it lies in.

    Raises:
        CatalogError: the table cannot be read as one.
    """

    layout: Literal["folders", "archive", "declared"] = "declared"

    def __init__(self, table: Path, *, limits: Limits) -> None:
        self.root = table.parent
        try:
            self._entries = read_table(str(table), table.read_bytes())
        except OSError as error:
            raise CatalogError(f"{table} cannot be read: {error.strerror}.", hint="Allow it, or copy it.") from error
        self.total: int | None = len(self._entries)
        self._limits = limits

    def items(self) -> Iterator[Item]:
        """Yield what the table names; files that are missing are refused with a reason."""
        declared = {entry.path: entry for entry in self._entries}
        for item in items_at(self.root, list(declared), limits=self._limits):
            entry = declared[item.path]
            yield Item(
                path=item.path,
                load=item.load,
                held=item.held,
                label=entry.label,
                part=entry.part,
                group=entry.group,
            )


def read_table(name: str, data: bytes) -> list[Entry]:
    """Read a table of pictures.

    Args:
        name: the table's name, for messages; its suffix tells CSV from Parquet.
        data: its bytes.

    Raises:
        CatalogError: no column of paths, a part that is none, or a picture named twice in different ways.
    """
    rows = _parquet_rows(name, data) if name.lower().endswith(".parquet") else _csv_rows(name, data)
    entries: dict[str, Entry] = {}
    for place, row in rows:
        entry = _entry(f"{name}, {place}", row)
        if entries.setdefault(entry.path, entry) != entry:
            raise CatalogError(
                f"{name}, {place}: {entry.path!r} stands there before, with another label, part or group.",
                hint="Keep one of its rows.",
            )
    return list(entries.values())


def _entry(where: str, row: dict[str, str | None]) -> Entry:
    path, part = row["path"], row["part"]
    if not path:
        raise CatalogError(f"{where} names no picture.", hint="Fill in the path, or remove the row.")
    if part and part_named(part) is None:
        raise CatalogError(f"{where}: {part!r} is no part.", hint='Parts are "train", "validation" and "test".')
    return Entry(
        path=path.removeprefix("./"),
        label=row["label"] or None,
        part=part_named(part) if part else None,
        group=row["group"] or None,
    )


def _csv_rows(name: str, data: bytes) -> Iterator[tuple[str, dict[str, str | None]]]:
    table = read_delimited(name, data, CatalogError)
    columns = _find_columns(name, table.header)
    for line, cells in table.rows:
        yield f"line {line}", {key: None if at is None else cells[at] for key, at in columns.items()}


def _parquet_rows(name: str, data: bytes) -> Iterator[tuple[str, dict[str, str | None]]]:
    try:
        table = pl.read_parquet(io.BytesIO(data))
        columns = _find_columns(name, table.columns)
        chosen = [pl.nth(at).cast(pl.String).alias(key) for key, at in columns.items() if at is not None]
        table = table.select(chosen)
    except pl.exceptions.PolarsError as error:
        raise CatalogError(
            f"{name} cannot be read as a table of pictures: {error}.", hint="Its columns must hold names as text."
        ) from error
    for number, row in enumerate(table.iter_rows(named=True), 1):
        yield f"row {number}", {key: row.get(key) for key in _COLUMNS}


def _find_columns(name: str, header: Sequence[str]) -> dict[str, int | None]:
    names = [column.strip().lower() for column in header]
    found = {key: _first(names, spellings) for key, spellings in _COLUMNS.items()}
    if found["path"] is None:
        raise CatalogError(
            f"{name} has no column of pictures: it has {', '.join(header)}.",
            hint=f"Name the column {' or '.join(_COLUMNS['path'])}.",
        )
    return found


def _first(names: Sequence[str], spellings: Iterable[str]) -> int | None:
    return next((names.index(spelling) for spelling in spellings if spelling in names), None)
