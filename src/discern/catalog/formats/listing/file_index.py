"""Index of files by their names, which finds a file by the last parts of its path."""

import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from discern.catalog.formats.listing.path_spellings import fold
from discern.catalog.formats.listing.table_columns import PICTURE_SUFFIXES, has_picture_name
from discern.catalog.path_text import is_ignored, to_text

MAX_FILES = 200_000
"""Largest number of files that are searched; not tuned: it bounds time and memory to about a second and 200 MB."""

Match = tuple[str, ...]
"""No, one or two paths of files; two stand for several."""

_Tables = dict[str, Match]
_EXACT, _FOLDED, _STEM = range(3)


class FileIndex:
    """Index of files by the last parts of their paths.

    A file is found by its exact name, else without regard to case and Unicode form, else, if the name that is looked
    for has no suffix of a picture, by the picture's name without suffix.

    Args:
        paths: paths with "/"; at most `MAX_FILES` are used.

    Attributes:
        complete: whether all paths are in the index.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        remaining = iter(paths)
        self._files = [path.split("/") for path in islice(remaining, MAX_FILES)]
        self.complete = next(remaining, None) is None
        self._tables: dict[tuple[int, int], _Tables] = {}

    def find(self, path: str) -> Match:
        """Return the files whose whole path is the given one in another spelling."""
        return self._find(path.split("/"), 0)

    def find_below(self, names: Sequence[str]) -> Match:
        """Return the files whose paths end in the given names."""
        return self._find(names, len(names))

    def _find(self, names: Sequence[str], depth: int) -> Match:
        if not any(self._look_up(names[-1:], 1, level) for level in (_FOLDED, _STEM)):
            return ()
        levels = (_EXACT, _FOLDED) if has_picture_name(names[-1]) else (_EXACT, _FOLDED, _STEM)
        return next((match for level in levels if (match := self._look_up(names, depth, level))), ())

    def _look_up(self, names: Sequence[str], depth: int, level: int) -> Match:
        table = self._tables.get((level, depth))
        if table is None:
            table = self._tables[level, depth] = self._table(depth, level)
        return table.get(_key(names, level), ())

    def _table(self, depth: int, level: int) -> _Tables:
        table: _Tables = {}
        for names in self._files:
            tail = names[-depth:]
            if len(tail) >= depth and (level != _STEM or has_picture_name(names[-1])):
                key = _key([*tail[:-1], _stem(tail[-1])] if level == _STEM else tail, level)
                table[key] = (*table.get(key, ())[:1], "/".join(names))
        return table


def files_below(folder: Path) -> Iterator[str]:
    """Yield the paths of the files below a folder, except ignored ones, without following links to folders."""
    for place, folders, names in islice(os.walk(folder), MAX_FILES):
        folders[:] = sorted(name for name in folders if not is_ignored(name))
        prefix = os.path.relpath(place, folder).replace(os.sep, "/")
        for name in sorted(names):
            if not is_ignored(name):
                yield to_text(name if prefix == "." else f"{prefix}/{name}")


def _key(names: Sequence[str], level: int) -> str:
    return unicodedata.normalize("NFC", "/".join(names)) if level == _EXACT else "/".join(map(fold, names))


def _stem(name: str) -> str:
    suffix = next(suffix for suffix in PICTURE_SUFFIXES if name.lower().endswith(suffix))
    return name[: -len(suffix)]
