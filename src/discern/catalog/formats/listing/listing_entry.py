"""Entries of label lists, and functions that find their image files."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import PurePosixPath

from discern.catalog.formats.listing.path_spellings import folded_parts, is_remote
from discern.catalog.multi_label import MULTI_LABEL, REMEDY, looks_multi_label
from discern.catalog.path_text import leads_outside
from discern.errors import CatalogError


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
    return merge_entries(zip(entries, place_entries(entries, exists), strict=True), labels=labels)


def place_entries(
    entries: Sequence[ListingEntry], exists: Callable[[str], bool], folder: str = ""
) -> list[ListingEntry]:
    """Replace the path of each entry with the candidate at which most files of the listing exist.

    An entry whose file is missing keeps its path as written, and that candidate alone. It gets the reason, which names
    the folder.
    """
    exists_once = cache(exists)
    at = _best_candidate([entry.candidates for entry in entries if entry.candidates], exists_once)
    return [_placed(entry, at, exists_once, folder) for entry in entries]


def merge_entries(pairs: Iterable[tuple[ListingEntry, ListingEntry]], *, labels: bool = True) -> list[ListingEntry]:
    """Merge entries of the same file.

    Args:
        pairs: each entry as written in the listing, and with the path of its file.
        labels: whether labels, parts and groups matter; if not, those of a picture's first row are used.

    Raises:
        CatalogError: a picture is listed with two labels, parts or groups, or under two names; names both rows.
    """
    found: dict[str, tuple[ListingEntry, ListingEntry]] = {}
    conflicts = []
    several: set[str] = set()
    for written, file in pairs:
        first, entry = found.setdefault(file.path, (written, file))
        conflict = _conflict(first, written, entry, file, labels=labels)
        if conflict:
            conflicts.append(f"{file.where}: {file.path!r} is already listed {conflict}")
        if conflict and entry.label != file.label:
            several.add(file.path)
    if looks_multi_label(len(several), len(found)):
        counted = f"{len(several):,} of {len(found):,} pictures are listed with several labels"
        raise CatalogError(f"{MULTI_LABEL}: {counted}, such as in {conflicts[0]}.", hint=REMEDY)
    if conflicts:
        more = f" {len(conflicts):,} rows contradict earlier ones." if len(conflicts) > 1 else ""
        raise CatalogError(f"{conflicts[0]}.{more}", hint="Keep one row for each picture.")
    return [entry for _, entry in found.values()]


def _conflict(
    first: ListingEntry, written: ListingEntry, entry: ListingEntry, file: ListingEntry, *, labels: bool
) -> str:
    place = f" in {entry.where}" if entry.where else ""
    if first.path != written.path and folded_parts(first.path) != folded_parts(written.path):
        return f"under another name: {written.path!r} here, {first.path!r}{place}"
    if labels and entry != file:
        for kind in ("label", "part", "group"):
            old, new = getattr(entry, kind), getattr(file, kind)
            if old != new:
                return f"with another {kind}: {new or 'none'!r} here, {old or 'none'!r}{place}"
    return ""


def _best_candidate(candidates: Sequence[tuple[str, ...]], exists: Callable[[str], bool]) -> int:
    """Return the index of the candidate path at which most files exist.

    -1 stands for the last candidate, the bare name, whatever its index.
    """
    longest = max(map(len, candidates), default=0)
    files: dict[int, set[str]] = {}
    for at in [*range(longest), -1]:
        files[at] = {paths[at] for paths in candidates if at < len(paths)}
    return max(files, key=lambda at: sum(exists(file) for file in files[at]))


def _placed(entry: ListingEntry, at: int, exists: Callable[[str], bool], folder: str) -> ListingEntry:
    if entry.candidates is None:
        return entry
    path = entry.candidates[min(at, len(entry.candidates) - 1)]
    if path and exists(path):
        return replace(entry, path=path)
    return replace(entry, missing=_why_missing(entry, folder), candidates=(path,))


def _why_missing(entry: ListingEntry, folder: str) -> str:
    if is_remote(entry.path):
        return (
            f"{entry.where}: {entry.path} is not next to the listing. Copy the file there, or download all by "
            "`discern collect LIST --out FOLDER`."
        )
    inside = list(dict.fromkeys(path for path in entry.candidates or () if path))
    if not inside:
        return (
            f"{entry.where}: {entry.path} leads outside the listing's folder. "
            "Move the file into that folder, and correct its path."
        )
    below = f" in {folder}" if folder else ""
    return f"{entry.where}: there is no file at {' or '.join(inside[:3])}{below}. Add the file, or correct the listing."
