"""A folder of pictures, with folders and archives in it."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

from discern.catalog.formats.archive_source import holds_files, read_members
from discern.catalog.formats.cifar.batch_file import is_batch, names_batch
from discern.catalog.formats.source import Item, refused
from discern.catalog.path_text import MEMBER, is_archive, is_ignored, natural_key, to_text
from discern.errors import CatalogError, UnreadableFile
from discern.picture import Limits, read_file


class FolderSource:
    """Every file below a folder. Links to files are followed, links to folders are not: they may lead in a circle.

    Args:
        root: the folder.
        limits: `max_bytes` bounds what is read of one file.
        leave_out: tells the folders that are not looked into.

    Raises:
        CatalogError: the folder cannot be looked into.
    """

    layout: Literal["folders", "archive", "declared"] = "folders"

    def __init__(self, root: Path, *, limits: Limits, leave_out: Callable[[Path], bool] | None = None) -> None:
        self.root = root
        self._limits = limits
        self._found = sorted(_walk(root, leave_out), key=lambda found: natural_key("".join(found)))
        self.total = None if any(is_archive(name) or names_batch(name) for _, name in self._found) else len(self._found)

    def items(self) -> Iterator[Item]:
        """Yield files in natural order of their paths; an archive's members where the archive stands."""
        root = os.path.join(self.root, "")  # noqa: PTH118 - a hundred thousand paths are quicker as text
        for folder, name in self._found:
            path = to_text(folder + name)
            place = root + folder + name
            if not name:
                yield refused(path.rstrip("/"), _UNNAMEABLE if folder.endswith(MEMBER) else _CLOSED)
            elif (is_archive(name) and holds_files(Path(place))) or (names_batch(name) and is_batch(Path(place))):
                yield from read_members(Path(place), path, limits=self._limits)
            else:
                yield Item(path=path, load=partial(read_file, place, limits=self._limits))

    def places(self) -> Iterator[Path]:
        """Yield where each file is, in the order of `items`: archives too, and folders that may not be looked into."""
        for folder, name in self._found:
            yield self.root / f"{folder}{name}"


_CLOSED = UnreadableFile("This folder may not be looked into.", hint="Allow it, or move it elsewhere.")
_UNNAMEABLE = UnreadableFile(
    "Files in this folder would be called as those in the archive beside it.", hint="Rename the folder, without its !."
)


def _walk(root: Path, leave_out: Callable[[Path], bool] | None) -> Iterator[tuple[str, str]]:
    """Yield (folder with a final "/", name) of files; an empty name for a folder that cannot be read."""
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                found = [entry for entry in entries if not is_ignored(entry.name)]
        except OSError as error:
            if not folder:
                raise CatalogError(f"{root} cannot be read: {error.strerror}.", hint="Allow it, or copy it.") from error
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
