"""Functions that read CSV, Parquet and JSON Lines tables of images."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from discern.catalog.formats.listing.json_key import with_key
from discern.catalog.formats.listing.json_lines import Record, read_records
from discern.catalog.formats.listing.listing_entry import ListingEntry, merge_entries
from discern.catalog.formats.listing.row_table import DelimitedTable, ParquetTable, RecordTable, RowTable
from discern.catalog.formats.listing.table_columns import TableColumns, find_columns, is_set, name_columns
from discern.catalog.label_text import normalise_label, strip_blanks
from discern.catalog.multi_label import MULTI_LABEL, REMEDY, describe_combined, looks_multi_label
from discern.catalog.path_text import part_named
from discern.errors import CatalogError

TABLES = (".csv", ".tsv", ".parquet")

_SPELLINGS = {
    "label": ("label", "class", "labels", "category"),
    "part": ("split", "part"),
    "group": ("group", "group_id", "patient", "patient_id"),
}


def read_table(
    name: str,
    data: bytes,
    *,
    records: list[tuple[int, Record]] | None = None,
    labels: bool = True,
    add_note: Callable[[str], None] = lambda _: None,
    label_from: str | None = None,
) -> list[ListingEntry]:
    """Read label list entries from a table with one row per image.

    Blanks around cells mean nothing. The label is in one column, or in columns of 0 and 1 that are named after the
    classes; a row without exactly one 1 has no label, and a note says so.

    Args:
        name: file name for messages; its suffix determines the format.
        data: the file's bytes.
        records: (line number, object) pairs, if it is JSON that was parsed.
        labels: whether labels, parts and groups matter.
        add_note: called with sentences about the columns that hold the labels.
        label_from: column of the labels, or key of records, in which dots part nested keys; None for the usual ones.

    Raises:
        CatalogError: no path or label column, an unknown part, or conflicting rows for a picture.
    """
    table = _open_table(name, data, records, label_from)
    columns = find_columns(name, table, labels=labels, label_from=label_from)
    optional = {"label": columns.label, "part": columns.part, "group": columns.group}
    given = {key: at for key, at in optional.items() if at is not None}
    classes = _Classes([normalise_label(table.header[at]) for at in columns.classes])
    entries = []
    for where, (path, *cells) in table.rows([columns.path, *given.values(), *columns.classes]):
        values = dict(zip(given, cells, strict=False))
        if classes.names:
            values["label"] = classes.label(where, cells[len(given) :])
        entries.append(_entry(f"{name}, {where}", path, values))
    for note in (*classes.notes(name, len(entries)), *describe_combined([entry.label for entry in entries])):
        add_note(note)
    if labels and (note := _describe(name, table.header, columns)):
        add_note(note)
    return merge_entries(((entry, entry) for entry in entries), labels=labels)


def find_value(row: Record, key: str) -> object:
    """Return the label, split part or group that a record declares, or None.

    `key` is one of these three; all of its spellings are accepted.
    """
    return next((row[spelling] for spelling in _SPELLINGS[key] if spelling in row), None)


def parse_part(where: str, part: str | None) -> str | None:
    """Convert a table cell to "train", "validation" or "test", or None if it is empty.

    Raises:
        CatalogError: the part is unknown.
    """
    part = strip_blanks(part or "")
    if part and part_named(part) is None:
        raise CatalogError(f"{where}: unknown part {part!r}.", hint='Use "train", "validation" or "test".')
    return part_named(part) if part else None


@dataclass
class _Classes:
    """Names of the class columns, and counts of the rows that do not have exactly one class."""

    names: list[str]
    several: int = 0
    none: int = 0
    example: str = ""

    def label(self, where: str, cells: Sequence[str | None]) -> str | None:
        found = [name for name, cell in zip(self.names, cells, strict=True) if is_set(cell)]
        if len(found) > 1:
            self.several += 1
            self.example = self.example or f"{where}: {', '.join(found[:4])}"
        self.none += not found
        return found[0] if len(found) == 1 else None

    def notes(self, name: str, rows: int) -> Iterator[str]:
        """Yield a sentence about the rows with several classes, and about those with none.

        Raises:
            CatalogError: most rows have several classes.
        """
        if not self.names:
            return
        several = f"{name} gives several classes to {self.several:,} of {rows:,} pictures ({self.example})."
        are_most = 2 * self.several > rows
        if are_most or looks_multi_label(self.several, rows):
            several = f"{MULTI_LABEL}: {several}"
        if are_most:
            raise CatalogError(several, hint=f"{REMEDY} Keep one 1 in each row, or write a column label instead.")
        if self.several:
            yield f"{several} A picture can have one label, so these have none."
        if self.none:
            yield f"{name} gives no class to {self.none:,} of {rows:,} pictures; these have no label."


def _open_table(name: str, data: bytes, records: list[tuple[int, Record]] | None, label_from: str | None) -> RowTable:
    if name.lower().endswith(".parquet"):
        return ParquetTable(name, data)
    if name.lower().endswith(TABLES):
        return DelimitedTable(name, data)
    records = read_records(name, data) if records is None else records
    return RecordTable(name, records if label_from is None else with_key(name, records, label_from))


def _describe(name: str, header: list[str], columns: TableColumns) -> str:
    """Say which columns hold the labels, or return "" if there can be no doubt."""
    if columns.classes:
        return f"The classes in {name} are its columns {name_columns([header[at] for at in columns.classes])}."
    if columns.label is None:
        return f"{name} has no column of labels; its columns are {name_columns(header)}."
    label = normalise_label(header[columns.label])
    if columns.others:
        others = name_columns([header[at] for at in columns.others])
        return f"The labels are those in the column {label} of {name}, not in {others}."
    return "" if label.lower() in _SPELLINGS["label"] else f"The labels are those in the column {label} of {name}."


def _entry(where: str, path: str | None, values: dict[str, str | None]) -> ListingEntry:
    path = strip_blanks(path or "")
    if not path:
        raise CatalogError(f"{where}: the path is empty.", hint="Fill it in, or remove the row.")
    return ListingEntry(
        path=path.removeprefix("./"),
        label=normalise_label(values.get("label") or "") or None,
        part=parse_part(where, values.get("part")),
        group=normalise_label(values.get("group") or "") or None,
        where=where,
    )
