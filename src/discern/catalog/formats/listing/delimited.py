"""Lines of text, and comma-separated text, as people and spreadsheets write it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from discern.errors import CatalogError

_SEPARATORS = ",;\t"
_LONGEST = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Delimited:
    """A header, and (line number, cells) for each row that is not empty; as many cells as the header has."""

    header: list[str]
    separator: str
    rows: Iterator[tuple[int, list[str]]]


def read_delimited(name: str, data: bytes, failure: type[CatalogError]) -> Delimited:
    """Read UTF-8 text with or without byte order mark, lines ended in any way, cells parted by comma, semicolon or tab.

    Args:
        name: for messages.
        data: the file's bytes.
        failure: the error to raise.

    Raises:
        CatalogError: `failure`, naming the line; for rows, while they are taken.
    """
    text = _decoded(name, data, failure)
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    rows = _rows(name, text, separator, failure)
    _, header = next(rows, (0, []))
    if not header:
        raise failure(f"{name} is empty.", hint="Its first line must name its columns.")
    return Delimited(header=header, separator=separator, rows=_even(name, header, rows, failure))


def read_lines(name: str, data: bytes, failure: type[CatalogError]) -> Iterator[tuple[int, str]]:
    """Yield (line number, line) for the lines of UTF-8 text that are not blank, whatever they end in.

    Args:
        name: for messages.
        data: the file's bytes.
        failure: the error to raise.

    Raises:
        CatalogError: `failure`, naming the line.
    """
    for number, line in enumerate(io.StringIO(_decoded(name, data, failure), newline=None), 1):
        if len(line) > _LONGEST:
            raise failure(f"{name}, line {number}: {len(line):,} characters.", hint="Put each picture on its own line.")
        if line.strip():
            yield number, line.removesuffix("\n")


def _decoded(name: str, data: bytes, failure: type[CatalogError]) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise failure(f"{name}, line {line}: not UTF-8.", hint='Save it as UTF-8 ("CSV UTF-8").') from error


def _rows(name: str, text: str, separator: str, failure: type[CatalogError]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise failure(
            f"{name}, line {reader.line_num}: {error}.", hint='Put cells with quotes or separators in "quotes".'
        ) from error


def _even(
    name: str, header: list[str], rows: Iterator[tuple[int, list[str]]], failure: type[CatalogError]
) -> Iterator[tuple[int, list[str]]]:
    for line, cells in rows:
        if any(cells[len(header) :]):
            raise failure(
                f"{name}, line {line}: {len(cells)} cells under {len(header)} column names.",
                hint='Put cells that hold the separator in "quotes".',
            )
        yield line, (cells + [""] * len(header))[: len(header)]
