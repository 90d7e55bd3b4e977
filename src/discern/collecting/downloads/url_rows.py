"""Lists of addresses of pictures, with their labels, groups and licences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from discern.catalog.formats.listing.delimited import read_lines
from discern.catalog.formats.listing.json_lines import read_records
from discern.catalog.formats.listing.row_table import DelimitedTable, ParquetTable, RecordTable, RowTable
from discern.catalog.formats.listing.table_columns import column_key, name_columns
from discern.catalog.label_text import normalise_label, strip_blanks
from discern.errors import CatalogError
from discern.picture import read_bounded

SUFFIXES = (".csv", ".tsv", ".parquet", ".jsonl", ".txt")
"""Suffixes of lists of addresses, in lower case."""

_MAX_BYTES = 256 * 2**20
_WEB = ("http://", "https://")
_URLS = ("url", "urls", "imageurl", "pictureurl", "photourl", "address", "link", "uri", "imageuri")
_LABELS = ("label", "class", "labels", "category", "classname", "labelname")
_GROUPS = ("group", "groupid")
_LICENSES = ("license", "licence", "rights")


@dataclass(frozen=True, kw_only=True)
class UrlRow:
    """Address of a picture in a list.

    Attributes:
        url: the address as written.
        label: declared label; "" for none; likewise `group` and `license`.
    """

    url: str
    label: str = ""
    group: str = ""
    license: str = ""


def read_url_rows(path: Path) -> list[UrlRow]:
    """Read a list of addresses: a table with a column `url`, or text with one address on each line.

    Args:
        path: file whose suffix is one of `SUFFIXES`.

    Raises:
        CatalogError: the list cannot be read, or has no column of addresses.
    """
    try:
        data = read_bounded(path, max_bytes=_MAX_BYTES)
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    suffix = path.suffix.lower()
    begins_with_address = data.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith((b"http://", b"https://"))
    if suffix == ".txt" or (suffix in {".csv", ".tsv"} and begins_with_address):
        lines = (strip_blanks(line) for _, line in read_lines(path.name, data, CatalogError))
        rows = [UrlRow(url=line) for line in lines if line and not line.startswith("#")]
    else:
        rows = list(_read_table(path.name, _open_table(path.name, data)))
    if not rows:
        raise CatalogError(f"{path} lists no address.", hint="Write one in each row, in a column named url.")
    return rows


def _open_table(name: str, data: bytes) -> RowTable:
    if name.lower().endswith(".parquet"):
        return ParquetTable(name, data)
    if name.lower().endswith(".jsonl"):
        return RecordTable(name, read_records(name, data))
    return DelimitedTable(name, data)


def _read_table(name: str, table: RowTable) -> Iterator[UrlRow]:
    keys = [column_key(column) for column in table.header]
    columns = [_find(keys, names) for names in (_URLS, _LABELS, _GROUPS, _LICENSES)]
    if columns[0] is None:
        holding = [at for at in range(len(keys)) if _holds_addresses(table, at)]
        if len(holding) != 1:
            raise CatalogError(
                f"{name} has no column of addresses; its columns are {name_columns(table.header)}.",
                hint="Name the column of addresses url.",
            )
        columns[0] = holding[0]
    present = [at for at in columns if at is not None]
    for _, cells in table.rows(present):
        given = iter(cells)
        url, label, group, rights = (strip_blanks(next(given) or "") if at is not None else "" for at in columns)
        if url:
            yield UrlRow(url=url, label=normalise_label(label), group=normalise_label(group), license=rights)


def _find(keys: Sequence[str], names: Sequence[str]) -> int | None:
    return next((keys.index(name) for name in names if name in keys), None)


def _holds_addresses(table: RowTable, column: int) -> bool:
    values = {value for value in table.values(column) if value}
    return bool(values) and all(value.strip().lower().startswith(_WEB) for value in values)
