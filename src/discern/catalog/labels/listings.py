"""Functions that label images by the label lists stored among them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from discern.catalog.formats.listing.file_search import ListedFolder, locate_files
from discern.catalog.formats.listing.listing_entry import ListingEntry
from discern.catalog.formats.listing.listing_source import (
    is_listing_name,
    listing_root,
    part_in_name,
    read_listing,
)
from discern.catalog.formats.read_items import read_items
from discern.catalog.scanned_file import ScannedFile
from discern.errors import CatalogError, DiscernError, PictureError, UnreadableFile
from discern.picture import Limits

_MAX_BYTES = 256 * 2**20
_SIGNATURE = re.compile(rb"(?:\xef\xbb\xbf)?(?:\d+\t|\s*\{|[^\r\n]*file_name)")
_Files = dict[str, ScannedFile]
# (path of the listing, entry) pairs.
_Entries = list[tuple[str, ListingEntry]]


def apply_listings(
    root: Path,
    files: Sequence[ScannedFile],
    *,
    add_note: Callable[[str], None] = lambda _: None,
    label_from: str | None = None,
) -> list[ScannedFile]:
    """Label images by the label lists stored among them.

    A listing (`metadata.csv`, `.jsonl` or `.parquet`, `_classes.csv`, `.lst`, `.manifest`, `file_list.json`) applies to
    its folder and everything below. It is used if it has labels and, together with the other listings of its folder,
    lists at least half of the pictures there, or any of them if folders label none; a stray listing among class folders
    thus changes nothing. A listing that is used labels the pictures that it lists; other pictures below lose their
    label, and missing ones become rows with an error. If it only numbers the classes that folders name, the folder
    names stay. A listing that is not used stays a row with the reason as its message.

    Args:
        root: the folder that paths are relative to.
        files: scanned files, with the labels and parts that folders give.
        add_note: called with sentences about how the listings that are used were understood.
        label_from: column or key of the labels; None for the usual ones.

    Raises:
        CatalogError: a listing is invalid, and nothing else labels a picture.
    """
    by_path = {file.path: file for file in files}
    listings = [path for path, file in by_path.items() if file.error and is_listing_name(_name(path))]
    entries, unused, errors, notes = _read(root, listings, by_path, label_from)
    for folder in sorted(entries, key=len):
        used = {path for path, _ in entries[folder]}
        try:
            labelled = _label(by_path, folder, entries[folder], notes)
            by_path = {path: file for path, file in labelled.items() if path not in used}
            for note in [note for path in sorted(used) for note in notes.get(path, [])]:
                add_note(note)
        except CatalogError as error:
            errors.append(error)
            unused |= dict.fromkeys(used, error)
    if errors and not any(file.label for file in by_path.values() if not file.error):
        raise errors[0]
    reasons = {path: f"This listing is not used. {reason}" for path, reason in unused.items() if path in by_path}
    return list((by_path | {path: by_path[path]._replace(message=text) for path, text in reasons.items()}).values())


def _read(
    root: Path, listings: Sequence[str], files: _Files, label_from: str | None
) -> tuple[dict[str, _Entries], dict[str, DiscernError], list[CatalogError], dict[str, list[str]]]:
    """Read the label lists at the given paths.

    Returns:
        Entries by the folder that they apply to; the reasons why other listings are not used, by path; the errors of
        files that start like a listing but are not a valid one; and notes by path.
    """
    entries: dict[str, _Entries] = {}
    unused: dict[str, DiscernError] = {}
    errors = []
    notes: dict[str, list[str]] = {}
    for item in read_items(root, listings, limits=Limits(max_bytes=_MAX_BYTES)):
        data = b""
        try:
            data = item.load()
            add_note = notes.setdefault(item.path, []).append
            found = read_listing(item.path, data, add_note=add_note, label_from=label_from)
        except (CatalogError, PictureError) as error:
            unused[item.path] = error
            if isinstance(error, CatalogError) and _SIGNATURE.match(data):
                errors.append(error)
            continue
        if any(entry.label for entry in found):
            parent = item.path.removesuffix(_name(item.path))
            folder = listing_root(parent, lambda sibling: any(path.startswith(sibling) for path in files))
            entries.setdefault(folder, []).extend((item.path, entry) for entry in found)
        else:
            unused[item.path] = CatalogError("It contains no labels.")
    return entries, unused, errors, notes


def _label(files: _Files, folder: str, listed: _Entries, notes: dict[str, list[str]]) -> _Files:
    below = {path: file for path, file in files.items() if path.startswith(folder)}
    pictures = {path: file for path, file in below.items() if not file.error}
    listing = listed[0][0]
    place = ListedFolder(
        name=listing,
        folder=folder or "its folder",
        exists=lambda path: folder + path in files,
        below=lambda: (path.removeprefix(folder) for path in pictures),
        # Names alone do not outweigh folders of classes.
        search=len({file.label for file in pictures.values()} - {None}) < 2,
    )
    entries = _resolve(place, folder, listed, notes.setdefault(listing, []).append)
    matches = len(pictures.keys() & entries.keys())
    if not matches:
        raise CatalogError(
            f"{listing} lists none of the {len(pictures)} pictures in {folder or 'its folder'}: its paths are meant "
            f"from there, and the first is {listed[0][1].path}.",
            hint="Move it next to the pictures, or correct its paths.",
        )
    if 2 * matches < len(pictures) and any(file.label for file in pictures.values()):
        raise CatalogError(
            f"It lists {matches} of the {len(pictures)} pictures in its folder, which are labelled by their folders."
        )
    names = _names_of_numbers(pictures, entries)
    entries = {path: replace(entry, label=names.get(entry.label, entry.label)) for path, entry in entries.items()}
    unlabelled = {} if names else {path: file._replace(label=None) for path, file in pictures.items()}
    labelled = files | unlabelled | dict(_declared(below, entries))
    for path in {folder + entry.path for _, entry in listed} - entries.keys() - pictures.keys():
        labelled.pop(path, None)
    return labelled


def _names_of_numbers(pictures: _Files, entries: Mapping[str, ListingEntry]) -> dict[str | None, str | None]:
    """Map class indices to folder names if both define the same classes."""
    pairs = {(entries[path].label, pictures[path].label) for path in pictures.keys() & entries.keys()}
    numbers, names = {number for number, _ in pairs}, {name for _, name in pairs}
    are_numbers = all(number and number.isdecimal() for number in numbers)
    return dict(pairs) if are_numbers and None not in names and len(numbers) == len(names) == len(pairs) else {}


def _resolve(
    place: ListedFolder, folder: str, listed: _Entries, add_note: Callable[[str], None]
) -> dict[str, ListingEntry]:
    """Find the files of label list entries and return the entries by catalog path.

    Entries without a part get the one that their listing is named for, if the listings name several.
    """
    parts = {path: part_in_name(_name(path)) for path, _ in listed}
    several = len(set(parts.values()) - {None}) > 1
    entries = [replace(entry, part=entry.part or (parts[path] if several else None)) for path, entry in listed]
    return {folder + entry.path: entry for entry in locate_files(entries, place, add_note=add_note)}


def _declared(
    below: Mapping[str, ScannedFile], entries: Mapping[str, ListingEntry]
) -> Iterator[tuple[str, ScannedFile]]:
    for path, entry in entries.items():
        file = _missing_file(path, entry) if entry.missing else below[path]
        yield path, file._replace(label=entry.label, part=entry.part or file.part, group=entry.group)


def _missing_file(path: str, entry: ListingEntry) -> ScannedFile:
    error = UnreadableFile(entry.missing)
    return ScannedFile(path=path, error=error.code, message=str(error))


def _name(path: str) -> str:
    return path.rpartition("/")[2]
