"""JSON as lists of pictures are written in it."""

import json
from typing import Any

from discern.catalog.formats.listing.delimited import read_lines
from discern.errors import CatalogError

Record = dict[str, Any]


def read_records(name: str, data: bytes) -> list[tuple[int, Record]]:
    """Read JSON lines: (line number, object) for each.

    Raises:
        CatalogError: a line is no JSON object, or says one thing twice.
    """
    records = []
    for line, text in read_lines(name, data, CatalogError):
        record = read_json(f"{name}, line {line}", text)
        if not isinstance(record, dict):
            raise CatalogError(f"{name}, line {line}: no JSON object.", hint='Write {"name": value, ...} on each line.')
        records.append((line, record))
    return records


def read_json(where: str, text: str | bytes) -> Any:
    """Read JSON.

    Raises:
        CatalogError: `text` is none, goes too deep, or has a key twice: all but the last value would be lost.
    """
    try:
        return json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{where}: {error}.", hint="Write valid JSON in UTF-8, each key once.") from error


def plain_text(where: str, key: str, value: object) -> str | None:
    """Give one plain value as text.

    Raises:
        CatalogError: it is a list or an object, or no text that can be written.
    """
    if isinstance(value, list | dict):
        kind = "list" if isinstance(value, list) else "JSON object"
        raise CatalogError(f"{where}: {key} is a {kind}.", hint="Give each picture one plain value.")
    text = None if value is None else str(value)
    if text and any("\ud800" <= character <= "\udfff" for character in text):
        raise CatalogError(f"{where}: {key} is no Unicode text: {text!r}.", hint="Write it in UTF-8.")
    return text


def _each_once(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found
