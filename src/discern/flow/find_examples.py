"""Functions that select example images for the web page."""

from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path, PurePosixPath

from discern.catalog.formats.folder_source import FolderSource
from discern.catalog.formats.source import Item
from discern.errors import NotAPicture, PictureError, UsageError
from discern.flow.paths import resolve_path
from discern.flow.run import is_own
from discern.picture import Limits, open_picture
from discern.serving.example_pictures import MOST, SIDE, Example, make_example


def find_example_pictures(folder: str | Path | None) -> tuple[Example, ...]:
    """Select up to twelve example images from a folder and its subfolders.

    Args:
        folder: pictures, or one subfolder of them per label; None for no examples.

    Raises:
        CatalogError: the folder cannot be read.
        PictureError: a picture is damaged.
        UsageError: the folder does not exist or contains no picture.
    """
    if folder is None:
        return ()
    root = resolve_path(folder)
    if not root.is_dir():
        raise UsageError(f"Example folder not found: {root}.", hint="Pass a folder that contains some pictures.")
    limits = Limits()
    source = FolderSource(root, limits=limits, leave_out=is_own)
    found = tuple(islice(_load(_round_robin(source), limits), MOST))
    if not found:
        raise UsageError(f"There is no picture in {root}.", hint="Put some example pictures there.")
    return found


def _round_robin(source: FolderSource) -> Iterator[Item]:
    folders: dict[str, list[Item]] = {}
    for item in source.items():
        items = folders.setdefault(item.path.rpartition("/")[0], [])
        if len(items) < MOST:
            items.append(item)
    for turn in zip_longest(*folders.values()):
        yield from filter(None, turn)


def _load(items: Iterator[Item], limits: Limits) -> Iterator[Example]:
    for item in items:
        try:
            pixels = open_picture(item.load(), min_side=SIDE, limits=limits)
        except NotAPicture:
            continue
        except PictureError as error:
            raise type(error)(f"{item.path}: {error.message}", hint=error.hint) from error
        yield make_example(PurePosixPath(item.path).stem, pixels)
