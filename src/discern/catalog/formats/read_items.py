"""Functions that read files and archive members by their catalog paths."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from discern.catalog.formats.archive_source import read_members
from discern.catalog.formats.source import Item, unreadable_item
from discern.catalog.path_text import MEMBER, to_name
from discern.errors import UnreadableFile
from discern.picture import Limits, read_file


def read_items(root: Path, paths: Sequence[str], *, limits: Limits) -> Iterator[Item]:
    """Yield the files and archive members at the given catalog paths.

    Files come in the given order, then members in the storage order of their archive. The item of a path that does not
    exist raises `UnreadableFile` when it is loaded.
    """
    archives: dict[str, set[str]] = {}
    for path in paths:
        archive = archive_of(root, path)
        if archive:
            archives.setdefault(archive, set()).add(path)
        else:
            yield Item(path=path, load=partial(read_file, root / to_name(path), limits=limits))
    for archive, members in archives.items():
        missing = set(members)
        for item in read_members(root / to_name(archive), archive, limits=limits, only=members):
            missing.discard(item.path)
            yield item
        for path in sorted(missing):
            yield unreadable_item(
                path, UnreadableFile(f"The archive {archive} does not contain this file.", hint="Correct the path.")
            )


def archive_of(root: Path, path: str) -> str:
    """Return the path of the archive that contains a file, or an empty string."""
    end = path.find(MEMBER)
    while end >= 0:
        if (root / to_name(path[:end])).is_file():
            return path[:end]
        end = path.find(MEMBER, end + 1)
    return ""
