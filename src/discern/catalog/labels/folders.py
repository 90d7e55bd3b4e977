"""Functions that derive class labels and split parts from folder names."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from discern.catalog.label_text import normalise_label
from discern.catalog.path_text import ARCHIVE_SUFFIXES, MEMBER, order_labels, part_named, to_text
from discern.errors import UsageError


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


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderLabels:
    """Class labels and split parts that folders give.

    Attributes:
        names: folder names of each file as they count for labels: those of archives without a wrapper.
        parts: split part of each folder that is one, by its names.
    """

    names: list[tuple[str, ...]]
    parts: Mapping[tuple[str, ...], str]

    def resolved(self) -> list[tuple[str | None, str | None]]:
        """Return (label, part) of each file; None where the folders give none."""
        if not self.parts:
            return [(_label(names[0]) if names else None, None) for names in self.names]
        return [self._under_part(names) for names in self.names]

    def _under_part(self, names: tuple[str, ...]) -> tuple[str | None, str | None]:
        for depth in range(len(names), 0, -1):
            part = self.parts.get(names[:depth])
            if part:
                return (_label(names[depth]) if len(names) > depth else None), part
        return None, None


def read_folders(
    paths: Sequence[FolderPath],
    readable: Sequence[bool],
    *,
    single_archive: bool,
    parts_of: Mapping[str, str] | None = None,
) -> FolderLabels:
    """Derive class labels and split parts of images from their folder names.

    The label is the first folder below the root, or below a part's folder. Top-level folders are parts only if all of
    them have names of parts, or at least two different parts are among them, because a class may be called "train". An
    archive counts as the folders in it, without a single outermost folder that contains only folders. An archive at the
    top level that is named like a part, or contains no folders, counts as a folder of its name.

    Args:
        paths: folders of all files.
        readable: whether each file is a readable picture; only these determine the layout.
        single_archive: whether the source is one archive, whose own name has no meaning.
        parts_of: paths of the folders of parts, by part; empty if none is one; None to go by their names.

    Raises:
        UsageError: a folder of a part does not exist.
    """
    wrapped = _wrapped(path for path, usable in zip(paths, readable, strict=True) if usable and path.archive)
    folders = [_folders(path, wrapped, single_archive=single_archive) for path in paths]
    if parts_of is None:
        tops = {names[0] for names, usable in zip(folders, readable, strict=True) if usable and names}
        parts = _parts_by_name(tops)
    else:
        parts = _given_parts(parts_of, folders)
    return FolderLabels(names=folders, parts=parts)


def _label(name: str) -> str | None:
    return normalise_label(name) or None


def _parts_by_name(tops: Iterable[str]) -> dict[tuple[str, ...], str]:
    parts = {(name,): part_named(name) for name in tops}
    found = {part for part in parts.values() if part}
    if None in parts.values() and len(found) < 2:
        return {}
    return {names: part for names, part in parts.items() if part}


def _given_parts(parts_of: Mapping[str, str], folders: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    known = {names[:depth] for names in folders for depth in range(1, len(names) + 1)}
    by_label = {tuple(map(normalise_label, names)): names for names in sorted(known)}
    parts: dict[tuple[str, ...], str] = {}
    for part, given in parts_of.items():
        wanted = tuple(name for name in to_text(given).replace(os.sep, "/").split("/") if name not in ("", "."))
        names = wanted if wanted in known else by_label.get(tuple(map(normalise_label, wanted)))
        if names is None:
            outermost = order_labels(names[0] for names in known if len(names) == 1)
            raise UsageError(
                f"There is no folder {given} for the part {part}. The outermost folders with files are: "
                f"{', '.join(outermost) or 'none'}.",
                hint="Write --parts-of train=FOLDER,test=FOLDER with paths inside the source.",
            )
        if names in parts:
            raise UsageError(f"The folder {given} cannot be both {parts[names]} and {part}.", hint="Name one part.")
        parts[names] = part
    return parts


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
