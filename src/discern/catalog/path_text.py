"""Functions that filter, sort and convert file names."""

import os
import re
from collections.abc import Iterable

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
MEMBER = "!/"
"""Separator between an archive's path and the path inside it."""

# Names without a leading dot, in lower case: of Windows, macOS, Linux and Android, Synology, QNAP, and tools.
_IGNORED = frozenset(
    f"""
    thumbs.db, thumbs.db:encryptable, ehthumbs.db, ehthumbs_vista.db, desktop.ini, autorun.inf, $recycle.bin,
    system volume information, pspbrwse.jbf, picasa.ini, {", ".join(f"found.00{number}" for number in range(10))},
    __macosx, network trash folder, temporary items, thevolumesettingsfolder,
    lost+found, lost.dir, aquota.user, aquota.group,
    @eadir, @tmp, #recycle, #snapshot, @sharesnap, @__thumb,
    @recycle, @recently-snapshot, ~snapshot,
    __pycache__, _vti_cnf, _vti_pvt
    """.strip().replace("\n    ", " ").split(", ")
) | {"icon\r"}  # fmt: skip
_IGNORED_BEGINNINGS = (".", "~$")
_IGNORED_ENDS = ("@synoresource", "@synoeastream")
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
# The end of plane 16, a private-use plane; no other use of these code points is known.
_ESCAPE = 0x10FF00
_OUTSIDE = re.compile(r"(?:[A-Za-z]:)?[/\\]|(?:.*[/\\])?\.\.(?:[/\\]|$)", re.DOTALL)
_UNSAFE = re.compile("[\ud800-\udfff\U0010ff80-\U0010ffff]")
_ESCAPED = re.compile("[\U0010ff80-\U0010ffff]+")


def is_ignored(name: str) -> bool:
    """Return True if a file name is hidden, or reserved by an operating system, a file server or a tool."""
    if name.startswith(_IGNORED_BEGINNINGS):
        return True
    lower = name.lower()
    return lower in _IGNORED or ("@" in lower and lower.endswith(_IGNORED_ENDS))


def is_archive(name: str) -> bool:
    """Return True if a file name has the suffix of a supported archive format."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def leads_outside(path: str) -> bool:
    """Return True if a path is absolute or contains a ".." component."""
    return _OUTSIDE.match(path) is not None


def part_named(name: str) -> str | None:
    """Convert a common name of a split part to "train", "validation" or "test", or return None."""
    return _PARTS.get(name.strip().lower())


def natural_key(text: str) -> tuple[str, str]:
    """Return a sort key that orders numbers in text by value ("b2" before "b10")."""
    return _DIGITS.sub(_by_value, text), text


def _by_value(digits: re.Match[str]) -> str:
    """Encode a number as text that sorts by value and before all other text."""
    value = digits[0].lstrip("0")
    return f"\0{chr(len(value))}{value}"


def order_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Return unique class labels in natural order, with numbers first."""
    return tuple(sorted(set(labels), key=_label_key))


def _label_key(label: str) -> tuple[bool, int, str, str]:
    if label.isascii() and label.isdecimal():
        value = label.lstrip("0")
        return (False, len(value), value, label)
    return (True, 0, "", label)


def to_text(name: str) -> str:
    """Convert a file name to valid UTF-8 text without loss.

    On Linux, names are bytes and need not be UTF-8; Python decodes invalid bytes to lone surrogates, which cannot be
    encoded. Each such byte becomes a private-use character, so that `to_name` restores the exact name.
    """
    return _UNSAFE.sub(lambda found: "".join(chr(_ESCAPE + byte) for byte in os.fsencode(found[0])), name)


def to_name(text: str) -> str:
    """Restore the file name that `to_text` converted to text."""
    return _ESCAPED.sub(lambda found: os.fsdecode(bytes(ord(character) & 0xFF for character in found[0])), text)
