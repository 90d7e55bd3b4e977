"""Expansion of glob patterns by the rules of folder sources."""

import contextlib
import fnmatch
import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from discern.catalog.formats.folder_walk import FolderWalk
from discern.catalog.path_text import is_ignored
from discern.errors import CatalogError
from discern.flow.run import is_own

_RECURSIVE = "**"


def expand_pattern(pattern: str) -> list[str]:
    """Return the paths that match a glob pattern, sorted.

    Wildcards match no hidden or system file, and "**" finds each file once, whatever links lead to it. A file below a
    folder that matches a pattern with "**" is found as well.
    """
    parts = pattern.replace(os.sep, "/").rstrip("/").split("/")
    if _RECURSIVE not in parts or any(part.startswith(".") for part in parts[parts.index(_RECURSIVE) :]):
        found = glob.glob(pattern, recursive=True)  # noqa: PTH207 - may be absolute
        return sorted(path for path in found if not _is_system_file(path, parts))
    place = parts.index(_RECURSIVE)
    base = "/".join(parts[:place]) or ("/" if pattern.startswith(("/", os.sep)) else "")
    return sorted(path for folder in _folders(base) for path in _files_below(folder, parts[place:]))


def _is_system_file(path: str, parts: Sequence[str]) -> bool:
    names = path.replace(os.sep, "/").rstrip("/").split("/")
    if len(names) != len(parts):
        return False
    return any(name != part and is_ignored(name) for name, part in zip(names, parts, strict=True))


def _folders(base: str) -> list[str]:
    return expand_pattern(base) if glob.has_magic(base) else [base]


def _files_below(folder: str, parts: Sequence[str]) -> Iterator[str]:
    prefix = folder if folder in ("", "/") else f"{folder}/"
    with contextlib.suppress(CatalogError):  # as glob, which finds nothing there
        for below, name in FolderWalk(Path(folder), is_own).files:
            path = f"{below}{name}".rstrip("/")
            if _matches(path.split("/"), parts):
                yield prefix + path


def _matches(names: Sequence[str], parts: Sequence[str]) -> bool:
    if not parts:
        return True
    if parts[0] == _RECURSIVE:
        return len(parts) == 1 or any(_matches(names[start:], parts[1:]) for start in range(len(names)))
    return bool(names) and fnmatch.fnmatch(names[0], parts[0]) and _matches(names[1:], parts[1:])
