"""Names: which are ignored, how they sort, and how any file name becomes text."""

import os
import re
from collections.abc import Iterable

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
MEMBER = "!/"
"""Stands between an archive's path and the path inside it."""

_IGNORED = {"__macosx", "thumbs.db", "desktop.ini"}
_PARTS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
_DIGITS = re.compile(r"[0-9]+")
# Plane 16 is for private use, and nothing is known to use its end.
_ESCAPE = 0x10FF00
_OUTSIDE = re.compile(r"(?:[A-Za-z]:)?[/\\]|(?:.*[/\\])?\.\.(?:[/\\]|$)", re.DOTALL)
_UNSAFE = re.compile("[\ud800-\udfff\U0010ff80-\U0010ffff]")
_ESCAPED = re.compile("[\U0010ff80-\U0010ffff]+")


def is_ignored(name: str) -> bool:
    """Tell whether a file or folder of this name is none of the user's pictures: hidden, or left by a system."""
    return name.startswith(".") or name.lower() in _IGNORED


def is_archive(name: str) -> bool:
    """Tell whether a file of this name should hold other files."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def leads_outside(path: str) -> bool:
    """Tell whether a path is absolute, or goes up by ".."."""
    return _OUTSIDE.match(path) is not None


def part_named(name: str) -> str | None:
    """Give "train", "validation" or "test" for any usual spelling of it, else None."""
    return _PARTS.get(name.strip().lower())


def natural_key(text: str) -> tuple[str, str]:
    """Sort numbers inside names by value: "b2" before "b10", and ties by the text itself."""
    return _DIGITS.sub(_by_value, text), text


def _by_value(digits: re.Match[str]) -> str:
    """Write a number so that as text it sorts by its value, and before any other text: its length comes first."""
    value = digits[0].lstrip("0")
    return f"\0{chr(len(value))}{value}"


def order_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Sort labels alphabetically, those that are numbers by value and first: "9", "10", "apple"."""
    return tuple(sorted(set(labels), key=_label_key))


def _label_key(label: str) -> tuple[bool, int, str, str]:
    if label.isascii() and label.isdecimal():
        value = label.lstrip("0")
        return (False, len(value), value, label)
    return (True, 0, "", label)


def to_text(name: str) -> str:
    """Write a file name as text that any file can hold.

    Names are bytes on Linux and need not be UTF-8; Python carries the odd bytes as lone surrogates, which UTF-8 cannot
    write. Each such byte becomes a private-use character, so that `to_name` gives the very name back.
    """
    return _UNSAFE.sub(lambda found: "".join(chr(_ESCAPE + byte) for byte in os.fsencode(found[0])), name)


def to_name(text: str) -> str:
    """Give the file name that `to_text` wrote."""
    return _ESCAPED.sub(lambda found: os.fsdecode(bytes(ord(character) & 0xFF for character in found[0])), text)
