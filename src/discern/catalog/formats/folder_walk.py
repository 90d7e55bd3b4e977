"""Walk of a folder tree that follows links to folders and records all that it passes over."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from discern.catalog.formats.empty_folders import find_empty_folders
from discern.catalog.left_out import LeftOut
from discern.catalog.path_text import is_archive, is_ignored, natural_key, to_text
from discern.errors import CatalogError
from discern.picture import FORMATS

_SYSTEM_PLACES = ("/proc", "/sys", "/dev")
_PICTURE_SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)
_HAS_JUNCTIONS = os.name == "nt"
_MOUNT_POINT = 0xA0000003  # stat.IO_REPARSE_TAG_MOUNT_POINT, which other systems lack


class FolderWalk:
    """All files below a folder, and all that is passed over.

    Links to folders are followed, except those to a folder that the walk reaches anyway, so that each file is found
    once and no link makes the walk endless. Folders win against links, and links that come first against later ones.

    Args:
        root: the folder.
        leave_out: predicate for subfolders to skip.

    Attributes:
        files: folder and name of each file, in natural order. The folder is relative to the root and ends in a slash,
            or is "". An empty name stands for a folder that cannot be read.
        left_out: files that are hidden or belong to a system, and links that are not followed.
        empty_folders: folders without a file that is not left out.

    Raises:
        CatalogError: the folder cannot be read.
    """

    def __init__(self, root: Path, leave_out: Callable[[Path], bool] | None = None) -> None:
        self._root = os.path.join(root, "")  # noqa: PTH118 - str is faster for many paths
        self._leave_out = leave_out or (lambda _: False)
        self.files: list[tuple[str, str]] = []
        self.left_out: list[LeftOut] = []
        self._folders, self._used, self._links = list[str](), set[str](), list[str]()
        self._walk("")
        if self._links:
            self._follow_links()
        self.files.sort(key=lambda found: natural_key(found[0] + found[1]))
        self.left_out.sort(key=lambda each: natural_key(each.path))
        self.empty_folders = find_empty_folders(
            (to_text(folder[:-1]) for folder in self._folders), (to_text(folder[:-1]) for folder in self._used)
        )

    def _walk(self, start: str, seen: dict[object, str] | None = None) -> None:
        """Find the files below a folder of the root.

        Args:
            start: path of the folder, with a slash at its end.
            seen: paths of the folders that have been walked, by identity; None if there is no need to compare.
        """
        folders = [start]
        while folders:
            folder = folders.pop()
            if seen is not None and folder != start and self._is_seen(folder, seen):
                continue
            try:
                entries = list(os.scandir(self._root + folder))
            except OSError as error:
                if not folder:
                    raise CatalogError(
                        f"{self._root[:-1]} cannot be read: {error.strerror}.", hint="Check its permissions."
                    ) from error
                self.files.append((folder, ""))
                continue
            self._folders.append(folder)
            folders.extend(self._sort_entries(folder, entries))

    def _sort_entries(self, folder: str, entries: list[os.DirEntry[str]]) -> Iterator[str]:
        """Record the files and links in a folder and yield its subfolders."""
        names = {entry.name for entry in entries}
        before = len(self.files)
        for entry in entries:
            name = entry.name
            if is_ignored(name):
                self.left_out += _files_below(entry, folder + name)
            elif entry.is_symlink() or (_HAS_JUNCTIONS and _is_junction(entry)):
                if _leads_to_folder(entry):
                    self._links.append(folder + name)
                else:
                    self.files.append((folder, name))
            elif not entry.is_dir(follow_symlinks=False):
                self.files.append((folder, name))
            elif name.endswith("!") and name[:-1] in names:
                self.files.append((f"{folder}{name}/", ""))
            elif self._leave_out(Path(entry.path)):
                self._used.add(folder)
            else:
                yield f"{folder}{name}/"
        if len(self.files) > before:
            self._used.add(folder)

    def _follow_links(self) -> None:
        seen = {_identity(self._root + folder): folder for folder in self._folders}
        above = {_identity(str(parent)) for parent in Path(self._root).resolve().parents}
        while self._links:
            links, self._links = sorted(self._links, key=natural_key), []
            for link in links:
                self._follow(link, seen, above)

    def _follow(self, link: str, seen: dict[object, str], above: set[object]) -> None:
        path = self._root + link
        try:
            target = os.path.realpath(path, strict=True)
            identity = _identity(target)
        except OSError as error:
            self._refuse(link, f"it leads to {_target(path)}, which cannot be opened ({error.strerror}).")
            return
        if identity in above:
            self._refuse(link, f"it leads to {target}, which contains the whole folder.")
        elif target.startswith(tuple(f"{place}/" for place in _SYSTEM_PLACES)) or target in _SYSTEM_PLACES:
            self._refuse(link, f"it leads to {target}, which is part of the system.")
        elif self._leave_out(Path(path)):
            self._used.add(link[: len(link) - len(link.rpartition("/")[2])])
        elif not self._is_seen(f"{link}/", seen):
            self._walk(f"{link}/", seen)

    def _is_seen(self, folder: str, seen: dict[object, str]) -> bool:
        """Return True and record a refusal if a folder has been walked under another path."""
        try:
            first = seen.setdefault(_identity(self._root + folder), folder)
        except OSError:  # the walk reports it
            return False
        if first == folder:
            return False
        if folder.startswith(first):
            self._refuse(folder[:-1], "it leads to a folder that contains it.")
        else:
            self._refuse(folder[:-1], f"its files are already found in {to_text(first[:-1])}.")
        return True

    def _refuse(self, link: str, why: str) -> None:
        self.left_out.append(LeftOut(to_text(link), "link_not_followed", f"It is not followed, because {to_text(why)}"))


def _files_below(entry: os.DirEntry[str], path: str) -> Iterator[LeftOut]:
    """Yield the files of a system without following links; a folder that cannot be read is one entry."""
    if not _is_folder(entry):
        yield LeftOut(to_text(path), "system_file")
        return
    folders = [(entry.path, path)]
    while folders:
        place, path = folders.pop()
        try:
            entries = list(os.scandir(place))
        except OSError as error:
            yield LeftOut(to_text(path), "system_file", f"This folder cannot be read: {error.strerror}.")
            continue
        for each in entries:
            if _is_folder(each):
                folders.append((each.path, f"{path}/{each.name}"))
            else:
                yield LeftOut(to_text(f"{path}/{each.name}"), "system_file")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not (_HAS_JUNCTIONS and _is_junction(entry))


def _is_junction(entry: os.DirEntry[str]) -> bool:
    """Return True for a junction of Windows, which Python does not call a symbolic link."""
    return getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0) == _MOUNT_POINT


def _leads_to_folder(link: os.DirEntry[str]) -> bool:
    """Return True if a link leads to a folder, or to nothing and has no suffix of a picture or an archive."""
    try:
        if link.is_dir():
            return True
        link.stat()
    except OSError:
        return not (link.name.lower().endswith(_PICTURE_SUFFIXES) or is_archive(link.name))
    return False


def _target(link: str) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115 - as text
    except OSError:
        return "a folder"


def _identity(folder: str) -> object:
    """Return a value that two paths of the same folder share."""
    found = os.stat(folder)  # noqa: PTH116 - str is faster for many paths
    # Some file systems number no files.
    return (found.st_dev, found.st_ino) if found.st_ino else os.path.realpath(folder)
