"""The seam between where pictures lie and what is made of them."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from discern.errors import PictureError


class Item(NamedTuple):
    """One file that may be a picture; can be pickled, and so sent to another process.

    Attributes:
        path: relative to the source's root, with "/"; inside an archive "a.zip!/b.jpg"; text that UTF-8 can write.
        load: gives the bytes, or raises the `PictureError` that says why there are none; may be called anywhere.
        archive: the archive's part of `path`, or "".
        held: how many bytes `load` keeps in memory already.
        label: as a table declares it; so are `part` and `group`.
    """

    path: str
    load: Callable[[], bytes]
    archive: str = ""
    held: int = 0
    label: str | None = None
    part: str | None = None
    group: str | None = None


class Source(Protocol):
    """Yields pictures; opened read-only, never changed."""

    root: Path
    """The folder that paths are relative to."""

    layout: Literal["folders", "archive", "declared"]
    """What tells labels and parts: the folders under the root, those in one archive, or the items themselves."""

    total: int | None
    """How many items there will be, where that is known beforehand."""

    def items(self) -> Iterator[Item]:
        """Yield every file once, in the order in which the storage is best read, and nothing that is to be ignored."""


def refused(path: str, error: PictureError, *, archive: str = "") -> Item:
    """Make an item of something that will not be read: a row with a reason."""
    return Item(path=path, load=partial(_refuse, type(error), error.message, error.hint), archive=archive)


def as_source(path: str, data: bytes, *, archive: str = "") -> Item:
    """Make an item of bytes that have been read already."""
    return Item(path=path, load=partial(bytes, data), archive=archive, held=len(data))


def _refuse(kind: type[PictureError], message: str, hint: str) -> bytes:
    raise kind(message, hint=hint)
