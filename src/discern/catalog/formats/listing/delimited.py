"""Functions that parse delimited text and plain text lines."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from discern.catalog.label_text import strip_blanks
from discern.errors import CatalogError

_SEPARATORS = ",;\t"
_MAX_LINE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Delimited:
    """Parsed delimited text, with its header, separator and rows.

    A row is (line number, cells). Rows without text are skipped, and the cells are padded to the header's length.
    """

    header: list[str]
    separator: str
    rows: Iterator[tuple[int, list[str]]]


def read_delimited(name: str, data: bytes, error_type: type[CatalogError], *, trim: bool = False) -> Delimited:
    """Parse delimited UTF-8 text with a header line.

    It may have a BOM and any line ending. Cells are separated by comma, semicolon or tab. Blanks around the header's
    cells are removed.

    Args:
        name: file name for messages.
        data: the file's bytes.
        error_type: type of the error to raise.
        trim: whether blanks around all cells are removed, outside quotes as well.

    Raises:
        CatalogError: of type `error_type`, naming the line; errors in rows are raised during iteration.
    """
    text = _decode(name, data, error_type)
    first = text.partition("\n")[0]
    if "\0" in first:
        raise error_type(f"{name}, line 1: zero bytes, which no text has.", hint="Copy or save the file again.")
    separator = max(_SEPARATORS, key=first.count)
    rows = _rows(name, text, separator, error_type, trim=trim)
    _, header = next(rows, (0, []))
    if not header:
        raise error_type(f"{name} is empty.", hint="Its first line must contain the column names.")
    header = [strip_blanks(cell) for cell in header]
    return Delimited(header=header, separator=separator, rows=_padded(name, header, rows, error_type))


def read_lines(name: str, data: bytes, error_type: type[CatalogError]) -> Iterator[tuple[int, str]]:
    """Yield the line number and text of each non-blank line of a UTF-8 file.

    Args:
        name: file name for messages.
        data: the file's bytes, with any line ending.
        error_type: type of the error to raise.

    Raises:
        CatalogError: of type `error_type`, naming the line.
    """
    for number, line in enumerate(io.StringIO(_decode(name, data, error_type), newline=None), 1):
        if len(line) > _MAX_LINE:
            raise error_type(
                f"{name}, line {number}: the line has {len(line):,} characters, {_MAX_LINE:,} are allowed.",
                hint="Put each picture on its own line.",
            )
        if line.strip():
            yield number, line.removesuffix("\n")


def _decode(name: str, data: bytes, error_type: type[CatalogError]) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise error_type(f"{name}, line {line}: not UTF-8.", hint='Save the file as UTF-8 ("CSV UTF-8").') from error


def _rows(
    name: str, text: str, separator: str, error_type: type[CatalogError], *, trim: bool
) -> Iterator[tuple[int, list[str]]]:
    if trim:
        # The parser allows blanks before a quote, but none after it.
        text = re.sub(rf'"[^\S\r\n{separator}]+(?=[\r\n{separator}]|\Z)', '"', text)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=trim)
    try:
        for cells in reader:
            stripped = [strip_blanks(cell) for cell in cells]
            if any(stripped):
                yield reader.line_num, stripped if trim else cells
    except csv.Error as error:
        raise error_type(
            f"{name}, line {reader.line_num}: {error}.",
            hint='Enclose cells that contain quotes or separators in "quotes".',
        ) from error


def _padded(
    name: str, header: list[str], rows: Iterator[tuple[int, list[str]]], error_type: type[CatalogError]
) -> Iterator[tuple[int, list[str]]]:
    for line, cells in rows:
        if any(map(strip_blanks, cells[len(header) :])):
            raise error_type(
                f"{name}, line {line}: {len(cells)} cells, but {len(header)} columns.",
                hint='Enclose cells that contain the separator in "quotes".',
            )
        yield line, (cells + [""] * len(header))[: len(header)]
