"""Functions that parse JSON and JSON Lines strictly."""

import json
from typing import Any

from discern.catalog.formats.listing.delimited import read_lines
from discern.errors import CatalogError

Record = dict[str, Any]


def read_records(name: str, data: bytes) -> list[tuple[int, Record]]:
    """Parse a JSON Lines file into pairs of line number and object.

    Raises:
        CatalogError: a line is not a JSON object, or has a duplicate key.
    """
    records = []
    for line, text in read_lines(name, data, CatalogError):
        record = read_json(f"{name}, line {line}", text)
        if not isinstance(record, dict):
            raise CatalogError(
                f"{name}, line {line}: not a JSON object.", hint='Write {"name": value, ...} on each line.'
            )
        records.append((line, record))
    return records


def read_array(name: str, data: bytes) -> list[tuple[int, Record]]:
    """Parse a JSON file into pairs of place and object: an array of objects, or an object that has one for each path.

    Raises:
        CatalogError: the file has another form, or a duplicate key.
    """
    content = read_json(name, data.removeprefix(b"\xef\xbb\xbf"))
    if isinstance(content, dict):
        content = [{"path": path} | each if isinstance(each, dict) else each for path, each in content.items()]
    if not isinstance(content, list) or not content or not all(isinstance(each, dict) for each in content):
        raise CatalogError(
            f"{name} does not list one object for each picture.", hint='Write [{"path": "a.jpg", "label": "x"}, ...].'
        )
    return list(enumerate(content, 1))


def read_json(where: str, text: str | bytes) -> Any:
    """Parse JSON text and reject duplicate keys.

    Raises:
        CatalogError: invalid JSON, nested too deeply, or with duplicate keys, whose first values would be lost.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{where}: {error}.", hint="Write valid JSON in UTF-8, without duplicate keys.") from error


def plain_text(where: str, key: str, value: object) -> str | None:
    """Convert a JSON scalar to text, or null to None.

    Raises:
        CatalogError: the value is a list or an object, or text that cannot be encoded as UTF-8.
    """
    if isinstance(value, list | dict):
        kind = "list" if isinstance(value, list) else "JSON object"
        raise CatalogError(
            f"{where}: {key} is a {kind}.",
            hint="Write a single value for each picture; several labels for one picture are not supported.",
        )
    text = None if value is None else str(value)
    if text and any("\ud800" <= character <= "\udfff" for character in text):
        raise CatalogError(f"{where}: {key} is not valid Unicode: {text!r}.", hint="Save the file as UTF-8.")
    return text


def _unique_keys(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} is duplicated")
    return found
