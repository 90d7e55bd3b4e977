"""Functions that derive class labels and split parts from folder names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from discern.catalog.path_text import ARCHIVE_SUFFIXES, MEMBER, part_named


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderPath:
    """Folder names of a file, outside and inside the archive that contains it."""

    outer: tuple[str, ...]
    archive: str
    inner: tuple[str, ...]


def split_folders(path: str, archive: str) -> FolderPath:
    """Split a file's path into the folder names outside and inside its archive."""
    if not archive:
        return FolderPath(outer=tuple(path.split("/")[:-1]), archive="", inner=())
    inside = path[len(archive) + len(MEMBER) :]
    return FolderPath(outer=tuple(archive.split("/")[:-1]), archive=archive, inner=tuple(inside.split("/")[:-1]))


def labels_and_parts(
    paths: Sequence[FolderPath], readable: Sequence[bool], *, single_archive: bool
) -> list[tuple[str | None, str | None]]:
    """Derive class labels and split parts of images from their folder names.

    The label is the first folder below the root, or below a part's folder. Top-level folders are parts only if all of
    them have names of parts, or at least two different parts are among them, because a class may be called "train". An
    archive counts as the folders in it, without a single outermost folder that contains only folders. An archive at the
    top level that is named like a part, or contains no folders, counts as a folder of its name.

    Args:
        paths: folders of all files.
        readable: whether each file is a readable picture; only these determine the layout.
        single_archive: whether the source is one archive, whose own name has no meaning.

    Returns:
        (label, part) of each file; None where the folders give none.
    """
    wrapped = _wrapped(path for path, usable in zip(paths, readable, strict=True) if usable and path.archive)
    folders = [_folders(path, wrapped, single_archive=single_archive) for path in paths]
    tops = {names[0] for names, usable in zip(folders, readable, strict=True) if usable and names}
    parts = {name: part_named(name) for name in tops}
    found = {part for part in parts.values() if part}
    if not found or (None in parts.values() and len(found) < 2):
        return [(names[0] if names else None, None) for names in folders]
    return [_under_part(names) for names in folders]


def _under_part(names: tuple[str, ...]) -> tuple[str | None, str | None]:
    part = part_named(names[0]) if names else None
    return (names[1] if part and len(names) > 1 else None), part


def _wrapped(paths: Iterable[FolderPath]) -> set[str]:
    tops: dict[str, set[str]] = {}
    for path in paths:
        tops.setdefault(path.archive, set()).add(path.inner[0] if len(path.inner) > 1 else "")
    return {archive for archive, names in tops.items() if len(names) == 1 and "" not in names}


def _folders(path: FolderPath, wrapped: set[str], *, single_archive: bool) -> tuple[str, ...]:
    inner = path.inner[1:] if path.archive in wrapped else path.inner
    if path.archive and not path.outer and not single_archive:
        name = _stem(path.archive)
        if part_named(name) or not inner:
            return (name, *inner)
    return path.outer + inner


def _stem(archive: str) -> str:
    suffix = max((suffix for suffix in ARCHIVE_SUFFIXES if archive.lower().endswith(suffix)), key=len, default="")
    return archive[: len(archive) - len(suffix)]
