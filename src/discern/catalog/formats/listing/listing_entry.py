"""Entries of label lists, and functions that find their image files."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from discern.catalog.path_text import leads_outside
from discern.errors import CatalogError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True, kw_only=True, slots=True)
class ListingEntry:
    """Row of a label list that describes one image.

    Attributes:
        path: the picture's path, relative to the listing's folder; as written in the listing if no file is found.
        label: declared label, or None; likewise `part` and `group`.
        candidates: paths where the picture may be, in an order common to all entries of a listing; "" for a path that
            is not allowed. None for `path` alone, which is not checked.
        missing: reason why no file was found, or "".
        where: the listing and its line, for messages.
    """

    path: str
    label: str | None = None
    part: str | None = None
    group: str | None = None
    candidates: tuple[str, ...] | None = field(default=None, compare=False)
    missing: str = field(default="", compare=False)
    where: str = field(default="", compare=False)


def paths_inside(*paths: str) -> tuple[str, ...]:
    """Normalise relative paths and replace those that lead outside their folder with empty strings."""
    slashed = [path.replace("\\", "/") for path in paths]
    return tuple("" if leads_outside(path) else str(PurePosixPath(path)) for path in slashed)


def find_files(
    entries: Iterable[ListingEntry], exists: Callable[[str], bool], *, labels: bool = True
) -> list[ListingEntry]:
    """Find the file of each label list entry and drop duplicate entries.

    All entries of a listing use the same candidate, the one at which most files exist, so that a missing picture is not
    mistaken for another one of the same name.

    Args:
        entries: entries as written in the listing.
        exists: whether a path is a file.
        labels: whether labels, parts and groups matter; if not, those of a picture's first row are used.

    Raises:
        CatalogError: a picture is listed with two labels, parts or groups, or under two names.
    """
    entries = list(entries)
    at = _best_candidate([entry.candidates for entry in entries if entry.candidates], exists)
    found: dict[str, tuple[ListingEntry, str]] = {}
    for entry in entries:
        file = _found(entry, at, exists)
        first, name = found.setdefault(file.path, (file, entry.path))
        if name != entry.path or (labels and first != file):
            raise CatalogError(
                f"{entry.where}: {file.path!r} is already listed with another label, part, group or name.",
                hint="Keep one of its rows.",
            )
    return [entry for entry, _ in found.values()]


def _best_candidate(candidates: Sequence[tuple[str, ...]], exists: Callable[[str], bool]) -> int:
    """Return the index of the candidate path at which most files exist.

    -1 stands for the last candidate, the bare name, whatever its index.
    """
    longest = max(map(len, candidates), default=0)
    files: dict[int, set[str]] = {}
    for at in [*range(longest), -1]:
        files[at] = {paths[at] for paths in candidates if at < len(paths)}
    return max(files, key=lambda at: sum(exists(file) for file in files[at]))


def _found(entry: ListingEntry, at: int, exists: Callable[[str], bool]) -> ListingEntry:
    if entry.candidates is None:
        return entry
    path = entry.candidates[min(at, len(entry.candidates) - 1)]
    return replace(entry, path=path) if path and exists(path) else replace(entry, missing=_why_missing(entry))


def _why_missing(entry: ListingEntry) -> str:
    if _URL.match(entry.path):
        return (
            f"{entry.where}: {entry.path} is not next to the listing, and URLs are not downloaded. Copy the file there."
        )
    inside = [path for path in entry.candidates or () if path]
    if not inside:
        return (
            f"{entry.where}: {entry.path} leads outside the listing's folder. "
            "Move the file into that folder, and correct its path."
        )
    return f"{entry.where}: there is no file at {' or '.join(inside[:3])}. Add the file, or correct the listing."
