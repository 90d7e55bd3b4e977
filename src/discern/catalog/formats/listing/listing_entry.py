"""What a list says of one picture, and which file it means."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from discern.catalog.path_text import leads_outside
from discern.errors import CatalogError

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True, kw_only=True, slots=True)
class ListingEntry:
    """One row of a list.

    Attributes:
        path: the picture's, relative to the list's folder; as the list says it where no file is found.
        label: as declared; so are `part` and `group`.
        places: where the picture may be, in an order that all entries of a list share; "" for nowhere. None: at `path`
            alone, wherever that leads.
        lost: why there is no file, or "".
        where: the list and its line, for messages.
    """

    path: str
    label: str | None = None
    part: str | None = None
    group: str | None = None
    places: tuple[str, ...] | None = field(default=None, compare=False)
    lost: str = field(default="", compare=False)
    where: str = field(default="", compare=False)


def places_inside(*paths: str) -> tuple[str, ...]:
    """Write each path in one spelling; "" for one that leads outside of its folder."""
    slashed = [path.replace("\\", "/") for path in paths]
    return tuple("" if leads_outside(path) else str(PurePosixPath(path)) for path in slashed)


def find_files(
    entries: Iterable[ListingEntry], exists: Callable[[str], bool], *, labels: bool = True
) -> list[ListingEntry]:
    """Say for each entry which file it means, and name each file once.

    All pictures of a list lie in the same one of the places where they may be, the one where most are: so one that is
    missing is not mistaken for another of its name.

    Args:
        entries: as a list says them.
        exists: whether there is a file at a path.
        labels: whether labels, parts and groups matter; else a picture that is named twice has those of the first row.

    Raises:
        CatalogError: a picture is named twice, with two labels, parts or groups, or by two names.
    """
    entries = list(entries)
    at = _likeliest([entry.places for entry in entries if entry.places], exists)
    found: dict[str, tuple[ListingEntry, str]] = {}
    for entry in entries:
        file = _found(entry, at, exists)
        first, said = found.setdefault(file.path, (file, entry.path))
        if said != entry.path or (labels and first != file):
            raise CatalogError(
                f"{entry.where}: {file.path!r} stands there before, with another label, part, group or name.",
                hint="Keep one of its rows.",
            )
    return [entry for entry, _ in found.values()]


def _likeliest(places: Sequence[tuple[str, ...]], exists: Callable[[str], bool]) -> int:
    """Say which of the places has most files; the last, a bare name, however many there are before it."""
    most = max(map(len, places), default=0)
    files: dict[int, set[str]] = {}
    for at in [*range(most), -1]:
        files[at] = {one[at] for one in places if at < len(one)}
    return max(files, key=lambda at: sum(exists(file) for file in files[at]))


def _found(entry: ListingEntry, at: int, exists: Callable[[str], bool]) -> ListingEntry:
    if entry.places is None:
        return entry
    place = entry.places[min(at, len(entry.places) - 1)]
    return replace(entry, path=place) if place and exists(place) else replace(entry, lost=_why_lost(entry))


def _why_lost(entry: ListingEntry) -> str:
    if _ADDRESS.match(entry.path):
        return f"{entry.where}: {entry.path} is not beside the list, and addresses are not fetched. Copy it there."
    inside = [place for place in entry.places or () if place]
    if not inside:
        return f"{entry.where}: {entry.path} leads outside of the list's folder. Put the file there, and say where."
    return f"{entry.where}: there is no file at {' or '.join(inside[:3])}. Put it there, or correct the list."
