"""Image source that reads a folder tree and the archives in it."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

from discern.catalog.formats.archive_source import holds_files, read_members
from discern.catalog.formats.cifar.batch_file import is_batch, names_batch
from discern.catalog.formats.source import Item, unreadable_item
from discern.catalog.left_out import LeftOut
from discern.catalog.path_text import MEMBER, is_archive, is_ignored, natural_key, to_text
from discern.errors import CatalogError, UnreadableFile
from discern.picture import Limits, read_file


class FolderSource:
    """Image source that reads a folder, its subfolders and the archives in them.

    Links to files are followed; links to folders are not, as they may form a cycle.

    Args:
        root: the folder.
        limits: `max_bytes` is the largest file that is read.
        leave_out: predicate for subfolders to skip.

    Raises:
        CatalogError: the folder cannot be read.
    """

    layout: Literal["folders", "archive", "declared"] = "folders"

    def __init__(self, root: Path, *, limits: Limits, leave_out: Callable[[Path], bool] | None = None) -> None:
        self.root = root
        self._limits = limits
        self.left_out = list[LeftOut]()
        self.empty_folders = list[str]()
        self.notes = list[str]()
        self._found = sorted(_walk(root, leave_out), key=lambda found: natural_key("".join(found)))
        self.total = None if any(is_archive(name) or names_batch(name) for _, name in self._found) else len(self._found)

    def items(self) -> Iterator[Item]:
        """Yield all files in natural path order, with the members of archives in place of the archives."""
        root = os.path.join(self.root, "")  # noqa: PTH118 - str is faster for many paths
        for folder, name in self._found:
            path = to_text(folder + name)
            file = root + folder + name
            if not name:
                yield unreadable_item(path.rstrip("/"), _AMBIGUOUS if folder.endswith(MEMBER) else _NO_PERMISSION)
            elif (is_archive(name) and holds_files(Path(file))) or (names_batch(name) and is_batch(Path(file))):
                yield from read_members(Path(file), path, limits=self._limits)
            else:
                yield Item(path=path, load=partial(read_file, file, limits=self._limits))

    def places(self) -> Iterator[Path]:
        """Yield the location of each file in the order of `items`.

        Archives, and folders that cannot be read, are included.
        """
        for folder, name in self._found:
            yield self.root / f"{folder}{name}"


_NO_PERMISSION = UnreadableFile("This folder cannot be read.", hint="Check its permissions, or remove it.")
_AMBIGUOUS = UnreadableFile(
    "Files in this folder have the same paths as members of an archive next to it.",
    hint="Rename the folder so that its name does not end in an exclamation mark.",
)


def _walk(root: Path, leave_out: Callable[[Path], bool] | None) -> Iterator[tuple[str, str]]:
    """Yield the folder and name of each file below a root folder.

    The folder ends in "/". An empty name stands for a folder that cannot be read.
    """
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                found = [entry for entry in entries if not is_ignored(entry.name)]
        except OSError as error:
            if not folder:
                raise CatalogError(
                    f"{root} cannot be read: {error.strerror}.", hint="Check its permissions."
                ) from error
            yield folder, ""
            continue
        names = {entry.name for entry in found}
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                if entry.name.endswith("!") and entry.name[:-1] in names:
                    yield f"{folder}{entry.name}/", ""
                elif leave_out is None or not leave_out(Path(entry.path)):
                    folders.append(f"{folder}{entry.name}/")
            elif not (entry.is_symlink() and Path(entry.path).is_dir()):
                yield folder, entry.name
