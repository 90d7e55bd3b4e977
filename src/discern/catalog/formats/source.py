"""Protocol of image sources, and the items that they yield."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from discern.catalog.left_out import LeftOut
from discern.errors import PictureError


class Item(NamedTuple):
    """File in an image source that may be an image.

    It is picklable, so that worker processes can load it.

    Attributes:
        path: path relative to the source's root, with "/"; "a.zip!/b.jpg" inside an archive; valid UTF-8.
        load: returns the bytes, or raises a `PictureError`; may be called in any thread or process.
        archive: path of the archive that contains the file, or "".
        in_memory: number of bytes that `load` already holds in memory.
        label: label, if the source declares one; likewise `part` and `group`.
    """

    path: str
    load: Callable[[], bytes]
    archive: str = ""
    in_memory: int = 0
    label: str | None = None
    part: str | None = None
    group: str | None = None


class Source(Protocol):
    """Protocol of read-only collections of files that may be images."""

    root: Path
    """The folder that paths are relative to."""

    layout: Literal["folders", "archive", "declared"]
    """Origin of labels and parts: folders under the root, folders in one archive, or the items themselves."""

    total: int | None
    """Number of items, or None if it is not known beforehand."""

    left_out: list[LeftOut]
    """Files that are passed over and are not items; complete once all items have been yielded."""

    empty_folders: list[str]
    """Folders without any file below them, relative to the root; complete once all items have been yielded."""

    notes: list[str]
    """Sentences for the user about how lists were understood; complete once the labels are resolved."""

    def items(self) -> Iterator[Item]:
        """Yield every file once, except ignored files.

        The order is the fastest one to read.
        """


def unreadable_item(path: str, error: PictureError, *, archive: str = "") -> Item:
    """Return an item that raises the given error when it is loaded."""
    return Item(path=path, load=partial(_raise_error, type(error), error.message, error.hint), archive=archive)


def item_from_bytes(path: str, data: bytes, *, archive: str = "") -> Item:
    """Return an item that holds its bytes in memory."""
    return Item(path=path, load=partial(bytes, data), archive=archive, in_memory=len(data))


def _raise_error(error_type: type[PictureError], message: str, hint: str) -> bytes:
    raise error_type(message, hint=hint)
