"""Look-up of a value in parsed JSON by a key with dots, and its conversion to a label."""

import base64
import json
from typing import Any

from discern.catalog.formats.listing.json_lines import Record, plain_text
from discern.catalog.label_text import normalise_label
from discern.errors import CatalogError

_MISSING = object()


def find_key(content: Any, key: str) -> Any:
    """Return the value under a key, or raise `LookupError`.

    A key that contains dots as it is wins over nested keys. Numbers are places in lists. Text that is JSON, also in
    base64, is searched like JSON.

    >>> find_key({"a": {"b": [1, {"c": 2}]}, "a.d": 3}, "a.b.1.c"), find_key({"a.d": 3}, "a.d")
    (2, 3)
    """
    if not key:
        return content
    if isinstance(content, str):
        content = _parsed(content)
    if isinstance(content, dict):
        names = key.split(".")
        for end in range(len(names), 0, -1):
            found = content.get(".".join(names[:end]), _MISSING)
            if found is not _MISSING:
                return find_key(found, ".".join(names[end:]))
    elif isinstance(content, list):
        first, _, rest = key.partition(".")
        if first.isascii() and first.isdecimal() and int(first) < len(content):
            return find_key(content[int(first)], rest)
    raise LookupError(key)


def label_of(content: Any, key: str) -> str | None:
    """Return the label under a key of parsed JSON; None if the value is null or blank.

    Numbers are written as short as possible, so that 3 and 3.0 are one label.

    Raises:
        LookupError: there is no such key.
        ValueError: the value is a list or an object, or not valid text.
    """
    value = find_key(content, key)
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return normalise_label(plain_text("It", key, value) or "") or None
    except CatalogError as error:
        raise ValueError(error.message) from error


def with_key(name: str, records: list[tuple[int, Record]], key: str) -> list[tuple[int, Record]]:
    """Return records that have the label under a key, which may be nested, as one of their own values.

    Args:
        name: file name for messages.
        records: (line number, object) pairs.
        key: key of the label.

    Raises:
        CatalogError: no record has the key, or a value is not a single one.
    """
    found = []
    for line, record in records:
        try:
            label = label_of(record, key)
        except LookupError:
            label = None
        except ValueError as error:
            raise CatalogError(f"{name}, line {line}: {error}", hint="Choose a key with a single value.") from error
        found.append((line, record | {key: label}))
    if all(record[key] is None for _, record in found):
        keys = ", ".join(dict.fromkeys(each for _, record in records[:100] for each in record))
        raise CatalogError(
            f"{name} has no labels under {key}.", hint=f"Choose another key with --label-from. Its keys are {keys}."
        )
    return found


def _parsed(text: str) -> Any:
    """Parse text that may be JSON, or JSON in base64."""
    for decode in (str, _from_base64):
        try:
            return json.loads(decode(text))
        except (ValueError, RecursionError):
            continue
    return None


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
