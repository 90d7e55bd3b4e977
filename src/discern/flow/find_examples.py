"""Which pictures of a folder visitors of the page may press."""

from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path, PurePosixPath

from discern.catalog.formats.folder_source import FolderSource
from discern.catalog.formats.source import Item
from discern.errors import NotAPicture, PictureError, UsageError
from discern.flow.paths import resolve_path
from discern.picture import Limits, open_picture
from discern.serving.example_pictures import MOST, SIDE, Example, make_example


def find_example_pictures(folder: str | Path | None) -> tuple[Example, ...]:
    """Take up to a dozen pictures: the first of each folder in it, then the second of each, and so on.

    Files that are no pictures are passed over.

    Args:
        folder: with pictures, or with a folder of them for each label; None: there are no examples.

    Raises:
        CatalogError: the folder cannot be read.
        PictureError: a picture is damaged.
        UsageError: there is no such folder, or no picture in it.
    """
    if folder is None:
        return ()
    root = resolve_path(folder)
    if not root.is_dir():
        raise UsageError(f"{root} is no folder.", hint="Name a folder with some pictures for visitors to press.")
    limits = Limits()
    found = tuple(islice(_made(_in_turns(FolderSource(root, limits=limits)), limits), MOST))
    if not found:
        raise UsageError(f"{root} holds no picture.", hint="Put some there for visitors to press.")
    return found


def _in_turns(source: FolderSource) -> Iterator[Item]:
    folders: dict[str, list[Item]] = {}
    for item in source.items():
        beside = folders.setdefault(item.path.rpartition("/")[0], [])
        if len(beside) < MOST:
            beside.append(item)
    for some in zip_longest(*folders.values()):
        yield from filter(None, some)


def _made(items: Iterator[Item], limits: Limits) -> Iterator[Example]:
    for item in items:
        try:
            pixels = open_picture(item.load(), shortest=SIDE, limits=limits)
        except NotAPicture:
            continue
        except PictureError as error:
            raise type(error)(f"{item.path}: {error.message}", hint=error.hint) from error
        yield make_example(PurePosixPath(item.path).stem, pixels)
