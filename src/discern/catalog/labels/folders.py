"""Which label and which part the folders say a picture has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from discern.catalog.path_text import ARCHIVE_SUFFIXES, MEMBER, part_named


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderPlace:
    """Where one file lies: the folders outside and inside of its archive ("" for none), from the top."""

    outer: tuple[str, ...]
    archive: str
    inner: tuple[str, ...]


def folder_place(path: str, archive: str) -> FolderPlace:
    """Take a path apart; `archive` is the part of it that is an archive's, or ""."""
    if not archive:
        return FolderPlace(outer=tuple(path.split("/")[:-1]), archive="", inner=())
    inside = path[len(archive) + len(MEMBER) :]
    return FolderPlace(outer=tuple(archive.split("/")[:-1]), archive=archive, inner=tuple(inside.split("/")[:-1]))


def labels_and_parts(
    places: Sequence[FolderPlace], pictures: Sequence[bool], *, whole: bool
) -> list[tuple[str | None, str | None]]:
    """Read labels and parts off the folders.

    The first folder under the root, or under a part's folder, is the label. Folders at the top are parts only where
    they really are: all of them are named like parts, or at least two different parts are among them; a class may be
    called "train". An archive counts as the folders in it, without a single outermost one that holds only folders; one
    that lies at the top of a folder, and is named for a part or has no folders in it, counts as a folder of its name.

    Args:
        places: of all files.
        pictures: which of them are readable pictures: only these decide.
        whole: the root is a single archive, whose own name says nothing.

    Returns:
        (label, part) of each file, None where the folders say nothing.
    """
    wrapped = _wrapped(place for place, picture in zip(places, pictures, strict=True) if picture and place.archive)
    folders = [_folders(place, wrapped, whole=whole) for place in places]
    tops = {names[0] for names, picture in zip(folders, pictures, strict=True) if picture and names}
    parts = {name: part_named(name) for name in tops}
    found = {part for part in parts.values() if part}
    if not found or (None in parts.values() and len(found) < 2):
        return [(names[0] if names else None, None) for names in folders]
    return [_under_part(names) for names in folders]


def _under_part(names: tuple[str, ...]) -> tuple[str | None, str | None]:
    part = part_named(names[0]) if names else None
    return (names[1] if part and len(names) > 1 else None), part


def _wrapped(places: Iterable[FolderPlace]) -> set[str]:
    """Name the archives whose pictures all lie in folders of one outermost folder."""
    tops: dict[str, set[str]] = {}
    for place in places:
        tops.setdefault(place.archive, set()).add(place.inner[0] if len(place.inner) > 1 else "")
    return {archive for archive, names in tops.items() if len(names) == 1 and "" not in names}


def _folders(place: FolderPlace, wrapped: set[str], *, whole: bool) -> tuple[str, ...]:
    inner = place.inner[1:] if place.archive in wrapped else place.inner
    if place.archive and not place.outer and not whole:
        name = _stem(place.archive)
        if part_named(name) or not inner:
            return (name, *inner)
    return place.outer + inner


def _stem(archive: str) -> str:
    suffix = max((suffix for suffix in ARCHIVE_SUFFIXES if archive.lower().endswith(suffix)), key=len, default="")
    return archive[: len(archive) - len(suffix)]
