"""From a path in a catalog back to bytes."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from discern.catalog.formats.archive_source import read_members
from discern.catalog.formats.source import Item, refused
from discern.catalog.path_text import MEMBER, to_name
from discern.errors import UnreadableFile
from discern.picture import Limits, read_file


def read_items(root: Path, paths: Sequence[str], *, limits: Limits) -> Iterator[Item]:
    """Yield the items at some paths: files in the order given, then each archive's members in the order they lie there.

    A path that leads to nothing gives an item that says so.
    """
    archives: dict[str, set[str]] = {}
    for path in paths:
        archive = archive_of(root, path)
        if archive:
            archives.setdefault(archive, set()).add(path)
        else:
            yield Item(path=path, load=partial(read_file, root / to_name(path), limits=limits))
    for archive, wanted in archives.items():
        missing = set(wanted)
        for item in read_members(root / to_name(archive), archive, limits=limits, wanted=wanted):
            missing.discard(item.path)
            yield item
        for path in sorted(missing):
            yield refused(path, UnreadableFile(f"{archive} has no such file.", hint="Correct the path."))


def archive_of(root: Path, path: str) -> str:
    """Give the part of a path that is an archive's, or "" for a file that lies in a folder."""
    end = path.find(MEMBER)
    while end >= 0:
        if (root / to_name(path[:end])).is_file():
            return path[:end]
        end = path.find(MEMBER, end + 1)
    return ""
