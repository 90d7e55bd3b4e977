"""Functions that make file names valid on all file systems, and unique in a folder."""

import re
import unicodedata

LONGEST_NAME = 200
"""Longest name in bytes: file systems allow 255, and a number may have to be appended."""

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def safe_name(text: str, *, suffixes: tuple[str, ...] = ()) -> str:
    """Convert text to a portable file name without a path.

    Args:
        text: any text.
        suffixes: lower-case suffixes; if the name has none of them, the first is appended.

    >>> safe_name("../a:b.JPG", suffixes=(".jpg", ".jpeg"))
    '.._a_b.JPG'
    >>> safe_name("..")
    '_'
    """
    text = text.encode("utf-8", "replace").decode()
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", text))
    stem, ending = _split_suffix(name)
    if suffixes and ending.lower() not in suffixes:
        stem, ending = name, suffixes[0]
    name = stem.encode()[: LONGEST_NAME - len(ending.encode())].decode("utf-8", "ignore") + ending
    if not name.strip(". "):
        return "_"
    name = name.rstrip(". ")
    return f"_{name}" if _DEVICES.match(name) else name


def _split_suffix(name: str) -> tuple[str, str]:
    """Split a file name into its stem and a suffix of at most five characters."""
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if stem and len(ending) < 6 else (name, "")


class UniqueNames:
    """Registry that makes file names unique in each folder, regardless of case."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str], int] = {}

    def unique(self, folder: str, name: str) -> str:
        """Reserve a unique file name in a folder and return it."""
        stem, suffix = _split_suffix(name)
        key = (folder, name.casefold())
        while (folder, name.casefold()) in self.used:
            self.used[key] += 1
            name = f"{stem}-{self.used[key]}{suffix}"
        self.used[folder, name.casefold()] = 1
        return name
