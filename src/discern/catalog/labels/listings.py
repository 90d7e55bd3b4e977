"""Lists that lie among the pictures they name."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from discern.catalog.formats.listing.listing_entry import ListingEntry, find_files
from discern.catalog.formats.listing.listing_source import files_in_listings, may_list, part_listed, read_listing
from discern.catalog.formats.read_items import read_items
from discern.catalog.scanned_file import ScannedFile
from discern.errors import CatalogError, DiscernError, PictureError, UnreadableFile
from discern.picture import Limits

_LARGEST = 256 * 2**20
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?(?:\d+\t|\s*\{|[^\r\n]*file_name)")
_Seen = dict[str, ScannedFile]
# A list's path, and one thing it says.
_Said = list[tuple[str, ListingEntry]]


def apply_listings(root: Path, sightings: Sequence[ScannedFile]) -> list[ScannedFile]:
    """Label pictures by the lists that lie among them, where there are any.

    A list (`metadata.csv`, `.jsonl` or `.parquet`, `.lst`, `.manifest`, `file_list.json`) speaks for its folder and
    what lies below. It is followed where it gives labels, and, with the lists beside it, names at least half of the
    pictures there; or any of them, where folders give none a label. So a stray list among class folders changes
    nothing. Where one is followed, its pictures have its labels, the others there have none, and what it names and is
    not there is a row with a reason; but where it only numbers the classes that folders name, their names stay. A list
    that is not followed stays a row that says why.

    Args:
        root: what paths are relative to.
        sightings: with the labels and parts that folders give.

    Raises:
        CatalogError: a list cannot be read, and nothing else labels a picture.
    """
    seen = {sighting.path: sighting for sighting in sightings}
    lists = [path for path, sighting in seen.items() if sighting.error and may_list(_name(path))]
    said, others, faults = _read(root, lists, seen)
    for folder in sorted(said, key=len):
        of_folder = {path for path, _ in said[folder]}
        try:
            followed = _followed(seen, folder, said[folder])
            seen = {path: sighting for path, sighting in followed.items() if path not in of_folder}
        except CatalogError as error:
            faults.append(error)
            others |= dict.fromkeys(of_folder, error)
    if faults and not any(sighting.label for sighting in seen.values() if not sighting.error):
        raise faults[0]
    reasons = {path: f"This list is not followed. {why}" for path, why in others.items() if path in seen}
    return list((seen | {path: seen[path]._replace(message=why) for path, why in reasons.items()}).values())


def _read(
    root: Path, lists: Sequence[str], seen: _Seen
) -> tuple[dict[str, _Said], dict[str, DiscernError], list[CatalogError]]:
    """Read lists.

    Returns:
        What they say, by the folder they speak for; why others are not followed, by their paths; and what is wrong with
        those that begin as a list and do not go on as one.
    """
    said: dict[str, _Said] = {}
    others: dict[str, DiscernError] = {}
    faults = []
    for item in read_items(root, lists, limits=Limits(max_bytes=_LARGEST)):
        data = b""
        try:
            data = item.load()
            entries = read_listing(item.path, data)
        except (CatalogError, PictureError) as error:
            others[item.path] = error
            if isinstance(error, CatalogError) and _BEGINNING.match(data):
                faults.append(error)
            continue
        if any(entry.label for entry in entries):
            own = item.path.removesuffix(_name(item.path))
            folder = files_in_listings(own, lambda beside: any(path.startswith(beside) for path in seen))
            said.setdefault(folder, []).extend((item.path, entry) for entry in entries)
        else:
            others[item.path] = CatalogError("It gives no picture a label.")
    return said, others, faults


def _followed(seen: _Seen, folder: str, said: _Said) -> _Seen:
    entries = _placed(seen, folder, said)
    below = {path: sighting for path, sighting in seen.items() if path.startswith(folder)}
    pictures = {path: sighting for path, sighting in below.items() if not sighting.error}
    named = len(pictures.keys() & entries.keys())
    if not named:
        raise CatalogError(
            f"{said[0][0]} names none of the {len(pictures)} pictures in {folder or 'its folder'}.",
            hint="Put it beside them, or correct its paths.",
        )
    if 2 * named < len(pictures) and any(sighting.label for sighting in pictures.values()):
        raise CatalogError(f"It names {named} of the {len(pictures)} pictures in its folder, and folders label them.")
    names = _names_of_numbers(pictures, entries)
    entries = {path: replace(entry, label=names.get(entry.label, entry.label)) for path, entry in entries.items()}
    unlabelled = {} if names else {path: sighting._replace(label=None) for path, sighting in pictures.items()}
    followed = seen | unlabelled | dict(_declared(below, entries))
    for path in {folder + entry.path for _, entry in said} - entries.keys() - pictures.keys():
        followed.pop(path, None)
    return followed


def _names_of_numbers(pictures: _Seen, entries: Mapping[str, ListingEntry]) -> dict[str | None, str | None]:
    """Name the numbers of classes by folders, where both divide the pictures alike."""
    pairs = {(entries[path].label, pictures[path].label) for path in pictures.keys() & entries.keys()}
    numbers, names = {number for number, _ in pairs}, {name for _, name in pairs}
    numbered = all(number and number.isdecimal() for number in numbers)
    return dict(pairs) if numbered and None not in names and len(numbers) == len(names) == len(pairs) else {}


def _placed(seen: Mapping[str, ScannedFile], folder: str, said: _Said) -> dict[str, ListingEntry]:
    """Find the files that lists name, by their paths in the catalog, in the parts that the lists are named for."""
    parts = {path: part_listed(_name(path)) for path, _ in said}
    several = len(set(parts.values()) - {None}) > 1
    entries = [
        replace(entry, part=entry.part or (parts[path] if several else None), places=_places(entry))
        for path, entry in said
    ]
    return {folder + entry.path: entry for entry in find_files(entries, lambda place: folder + place in seen)}


def _places(entry: ListingEntry) -> tuple[str, ...]:
    return (entry.path,) if entry.places is None else entry.places


def _declared(
    below: Mapping[str, ScannedFile], entries: Mapping[str, ListingEntry]
) -> Iterator[tuple[str, ScannedFile]]:
    for path, entry in entries.items():
        sighting = _missing(path, entry) if entry.lost else below[path]
        yield path, sighting._replace(label=entry.label, part=entry.part or sighting.part, group=entry.group)


def _missing(path: str, entry: ListingEntry) -> ScannedFile:
    error = UnreadableFile(entry.lost)
    return ScannedFile(path=path, error=error.code, message=str(error))


def _name(path: str) -> str:
    return path.rpartition("/")[2]
