"""Image source that reads a folder tree and the archives in it."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

from discern.catalog.formats.archive_source import holds_files, read_members
from discern.catalog.formats.folder_walk import FolderWalk
from discern.catalog.formats.listing.table_columns import has_picture_name
from discern.catalog.formats.picture_container import is_container, names_container
from discern.catalog.formats.sidecar_files import match_sidecars, may_be_sidecar
from discern.catalog.formats.source import Item, unreadable_item
from discern.catalog.left_out import LeftOut
from discern.catalog.path_text import MEMBER, is_archive, to_text
from discern.errors import UnreadableFile
from discern.picture import Limits, read_file


class FolderSource:
    """Image source that reads a folder, its subfolders and the archives in them.

    Links are followed, see `FolderWalk`.

    Args:
        root: the folder.
        limits: `max_bytes` is the largest file that is read.
        leave_out: predicate for subfolders to skip.
        sidecars: whether files that belong to pictures are items; if not, they are left out.

    Raises:
        CatalogError: the folder cannot be read.
    """

    layout: Literal["folders", "archive", "declared"] = "folders"

    def __init__(
        self,
        root: Path,
        *,
        limits: Limits,
        leave_out: Callable[[Path], bool] | None = None,
        sidecars: bool = True,
    ) -> None:
        self.root = root
        self._limits = limits
        self._walk = FolderWalk(root, leave_out)
        if not sidecars:
            self._leave_out_sidecars()
        self.left_out = list(self._walk.left_out)
        self.empty_folders = list(self._walk.empty_folders)
        self.notes = list[str]()
        has_containers = any(is_archive(name) or names_container(name) for _, name in self._walk.files)
        self.total = None if has_containers else len(self._walk.files)

    def _leave_out_sidecars(self) -> None:
        files = [folder + name for folder, name in self._walk.files]
        found = match_sidecars(filter(may_be_sidecar, files), filter(has_picture_name, files))
        self._walk.files = [each for each in self._walk.files if each[0] + each[1] not in found]
        self._walk.left_out += [LeftOut(to_text(path), "sidecar") for path in found]

    def items(self) -> Iterator[Item]:
        """Yield all files in natural path order, with the members of archives in place of the archives."""
        self.left_out[:] = self._walk.left_out
        self.empty_folders[:] = self._walk.empty_folders
        root = os.path.join(self.root, "")  # noqa: PTH118 - str is faster for many paths
        for folder, name in self._walk.files:
            path = to_text(folder + name)
            file = root + folder + name
            if not name:
                yield unreadable_item(path.rstrip("/"), _AMBIGUOUS if folder.endswith(MEMBER) else _NO_PERMISSION)
            elif (is_archive(name) and holds_files(Path(file))) or (names_container(name) and is_container(Path(file))):
                yield from read_members(Path(file), path, limits=self._limits, source=self)
            else:
                yield Item(path=path, load=partial(read_file, file, limits=self._limits))

    def places(self) -> Iterator[Path]:
        """Yield the location of each file in the order of `items`.

        Archives, and folders that cannot be read, are included.
        """
        for folder, name in self._walk.files:
            yield self.root / f"{folder}{name}"


_NO_PERMISSION = UnreadableFile("This folder cannot be read.", hint="Check its permissions, or remove it.")
_AMBIGUOUS = UnreadableFile(
    "Files in this folder have the same paths as members of an archive next to it.",
    hint="Rename the folder so that its name does not end in an exclamation mark.",
)
