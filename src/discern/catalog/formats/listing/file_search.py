"""Functions that find the files of a label list whose paths were written on another machine or for another folder.

Paths are meant from the listing's folder. Where no file is found there, its subfolders are searched by name.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from discern.catalog.formats.listing.file_index import MAX_FILES, FileIndex, Match, files_below
from discern.catalog.formats.listing.listing_entry import ListingEntry, merge_entries, place_entries
from discern.catalog.formats.listing.path_spellings import is_remote, path_parts, spellings
from discern.catalog.path_text import to_name
from discern.errors import CatalogError

# Not tuned: some missing files are an ordinary loss, many mean that the place is another one.
_NEARLY_ALL = 0.9
_SAMPLE = 500
_NEARBY_FILES = 20_000
_WERE = ("was", "were")


@dataclass(frozen=True, kw_only=True)
class ListedFolder:
    """Folder that the paths of a listing are meant from.

    Attributes:
        name: name of the listing, for messages; likewise `folder`.
        exists: whether a path is a file.
        below: returns the paths of the files in the folder and its subfolders.
        search: whether a listing none of whose files is found may have them elsewhere below the folder.
        nearby: returns folders outside in which to look for the files, only to name them in a message.
    """

    name: str
    folder: str
    exists: Callable[[str], bool]
    below: Callable[[], Iterable[str]]
    search: bool = True
    nearby: Callable[[], Sequence[Path]] = tuple


def locate_files(
    entries: Iterable[ListingEntry],
    place: ListedFolder,
    *,
    labels: bool = True,
    required: bool = False,
    add_note: Callable[[str], None] = lambda _: None,
) -> list[ListingEntry]:
    """Find the file of each label list entry, and merge entries of the same file.

    A path that is not found as written may have backslashes, percent-encoding, another case or Unicode form, or no
    suffix. If no file at all is found, the first folders of all paths are left out, the same number for all: a place
    is used if nearly every file is found there, each exactly once, and a note says so.

    Args:
        entries: entries as written in the listing.
        place: the folder that the paths are meant from.
        labels: whether labels, parts and groups matter; if not, those of a picture's first row are used.
        required: whether it is an error if no file is found.
        add_note: called with a sentence if the files were found elsewhere.

    Raises:
        CatalogError: a picture is listed with two labels, parts or groups, or no file is found.
    """
    entries = list(entries)
    written = [replace(entry, candidates=tuple(_spellings(entry))) for entry in entries]
    found = place_entries(written, place.exists, place.folder)
    if any(entry.missing for entry in found):
        index = FileIndex(place.below())
        found = [_respelled(*pair, index) for pair in zip(entries, found, strict=True)]
        if all(entry.missing for entry in found):
            places = _Places(entries, index)
            moved = places.clear() if place.search and index.complete else None
            if moved is not None:
                found = [_with_file(*pair) for pair in zip(found, moved, strict=True)]
                add_note(_moved_note(place, written, found))
            elif required:
                raise _none_found(place, entries, places, index)
    return merge_entries(zip(written, found, strict=True), labels=labels)


def _respelled(written: ListingEntry, found: ListingEntry, index: FileIndex) -> ListingEntry:
    if not found.missing:
        return found
    candidates = spellings(written.path) if written.candidates is None else found.candidates or ()
    matches = (index.find(candidate) for candidate in dict.fromkeys(candidates) if candidate)
    return _with_file(found, next((match for match in matches if match), ()))


def _with_file(entry: ListingEntry, match: Match) -> ListingEntry:
    if len(match) == 1:
        return replace(entry, path=match[0], missing="")
    if match:
        ambiguous = f"{entry.where}: {entry.path} could be {match[0]} or {match[1]}. Write the path of one of them."
        return replace(entry, missing=ambiguous)
    return entry


class _Places:
    """Files that paths stand for if some of their first folders are left out."""

    def __init__(self, entries: Sequence[ListingEntry], index: FileIndex) -> None:
        self._parts = [_parts(entry) for entry in entries]
        self._index = index
        longest = max(map(len, self._parts), default=0)
        step = max(1, len(entries) // _SAMPLE)
        # -1, which is last, leaves out all folders, whatever their number.
        self._found = {cut: sum(map(bool, self._matches(cut, step))) for cut in [*range(longest), -1]}

    def clear(self) -> list[Match] | None:
        """Return the files of each path where nearly all are found, each exactly once, or None."""
        likely = max(self._found.values())
        for cut in [cut for cut, found in self._found.items() if found >= _NEARLY_ALL * likely > 0]:
            matches = self._matches(cut)
            files = {parts: match[0] for parts, match in zip(self._parts, matches, strict=True) if match}
            is_clear = all(len(match) < 2 for match in matches) and len(set(files.values())) == len(files)
            if is_clear and sum(map(bool, matches)) >= _NEARLY_ALL * len(matches):
                return matches
        return None

    def best(self) -> list[Match]:
        """Return the files of each path where most are found."""
        return self._matches(max(self._found, key=lambda cut: self._found[cut]))

    def _matches(self, cut: int, step: int = 1) -> list[Match]:
        return [self._index.find_below(parts[cut:] or parts[-1:]) if parts else () for parts in self._parts[::step]]


def _parts(entry: ListingEntry) -> tuple[str, ...]:
    """Return the parts of an entry's path, or the picture's name alone if the path is that of another file."""
    last = (entry.candidates or ("",))[-1].rpartition("/")[2]
    parts = path_parts(entry.path)
    return (last,) if last and parts[-1:] != (last,) else parts


def _moved_note(place: ListedFolder, written: Sequence[ListingEntry], found: Sequence[ListingEntry]) -> str:
    pairs = [(entry.path, file.path) for entry, file in zip(written, found, strict=True) if not file.missing]
    old, new = pairs[0]
    return (
        f"The paths in {place.name} lead to no file in {place.folder} as written. "
        f"{_count(len(pairs), len(found), _WERE)} found below that folder by name, such as {new} for {old}."
    )


def _none_found(
    place: ListedFolder, written: Sequence[ListingEntry], places: _Places, index: FileIndex
) -> CatalogError:
    message = (
        f"No file that {place.name} lists was found ({len(written):,} in all): its paths are meant from "
        f"{place.folder}, where there is no {written[0].path}."
    )
    if all(is_remote(entry.path) for entry in written):
        return CatalogError(message, hint="Download the pictures first: `discern collect LIST --out FOLDER`.")
    matches = places.best()
    remedy = _remedy_below(written, matches) or _remedy_nearby(place, written)
    if remedy:
        return CatalogError(message, hint=remedy)
    extent = "that folder" if index.complete else f"the first {MAX_FILES:,} files of that folder"
    return CatalogError(
        message,
        hint=f"There are none with these names below {extent} either. Correct the paths, or put the list into the "
        "folder from which they are correct.",
    )


def _remedy_below(written: Sequence[ListingEntry], matches: Sequence[Match]) -> str:
    for entry, match in zip(written, matches, strict=True):
        if len(match) > 1:
            return (
                f"{entry.path} could be {match[0]} or {match[1]}: write paths that say which, or put the list into the "
                "folder that is meant."
            )
    found = [(entry.path, match[0]) for entry, match in zip(written, matches, strict=True) if match]
    if not found:
        return ""
    return (
        f"{_count(len(found), len(matches))} below it by name, such as {found[0][1]} for {found[0][0]}: write all "
        "paths as seen from the list's folder, and remove the rows of files that are missing."
    )


def _remedy_nearby(place: ListedFolder, written: Sequence[ListingEntry]) -> str:
    nearby = place.nearby()
    for folder in nearby:
        sample = written[:: max(1, len(written) // _SAMPLE)]
        if _count_files(folder, sample) < _NEARLY_ALL * len(sample):
            continue
        found = _count_files(folder, written)
        if found >= _NEARLY_ALL * len(written):
            return f"{_count(found, len(written))} found from {folder}: put the list there."
    for folder in nearby[:1]:
        # Only to name them in a message, so a small number suffices.
        matches = _Places(written, FileIndex(islice(files_below(folder), _NEARBY_FILES))).best()
        names = [match[0] for match in matches if len(match) == 1]
        if len(names) >= _NEARLY_ALL * len(written):
            return f"{_count(len(names), len(written))} in {_common(str(folder), names)}: put the list there."
    return ""


def _spellings(entry: ListingEntry) -> Sequence[str]:
    return spellings(entry.path) if entry.candidates is None else entry.candidates


def _count_files(folder: Path, entries: Sequence[ListingEntry]) -> int:
    return sum(any(_is_file(folder, path) for path in dict.fromkeys(_spellings(entry))) for entry in entries)


def _is_file(folder: Path, path: str) -> bool:
    return bool(path) and os.path.isfile(os.path.join(folder, to_name(path)))  # noqa: PTH113, PTH118 - never raises


def _common(folder: str, files: Sequence[str]) -> str:
    """Return the innermost folder that contains all files."""
    return os.path.normpath(f"{folder}/{os.path.commonpath([f'/{os.path.dirname(file)}' for file in files])}")  # noqa: PTH120


def _count(found: int, total: int, verb: tuple[str, str] = ("is", "are")) -> str:
    if total == 1:
        return f"It {verb[0]}"
    return f"All {total:,} {verb[1]}" if found == total else f"{found:,} of the {total:,} {verb[1]}"
