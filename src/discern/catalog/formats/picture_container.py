"""Files, other than archives, that hold many pictures: CIFAR batches and captured requests."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from discern.catalog.formats import capture_file
from discern.catalog.formats.capture_file import begins_capture, is_capture, names_capture, read_capture
from discern.catalog.formats.cifar import batch_file
from discern.catalog.formats.cifar.batch_file import is_batch, names_batch, read_batch
from discern.catalog.formats.cifar.pickle_reader import begins_pickle
from discern.catalog.formats.source import Item
from discern.picture import Limits

_MAX_BYTES = max(batch_file.MAX_BYTES, capture_file.MAX_BYTES)


def names_container(path: str) -> bool:
    """Return True if a path has the name of a file that may hold many pictures."""
    return names_batch(path) or names_capture(path)


def is_container(path: Path) -> bool:
    """Return True if a file holds many pictures, by its name and first bytes."""
    return is_batch(path) or is_capture(path)


def begins_container(path: str, data: bytes) -> bool:
    """Return True if data hold many pictures, by their path and first bytes."""
    return (names_batch(path) and begins_pickle(data)) or (names_capture(path) and begins_capture(data))


def container_limits(limits: Limits) -> Limits:
    """Return a copy of the limits of a picture that allows files as large as one that holds many."""
    return replace(limits, max_bytes=max(limits.max_bytes, _MAX_BYTES))


def read_container(
    path: str, data: bytes, *, archive: str, limits: Limits, only: Collection[str] | None = None
) -> Iterator[Item]:
    """Yield the pictures in a file that holds many.

    Args:
        path: the file's path in the catalog.
        data: its bytes.
        archive: path of the archive that contains the file, or `path` itself for one in a folder.
        limits: limits of each picture.
        only: catalog paths of the pictures to yield; None for all.
    """
    if names_capture(path):
        yield from read_capture(path, data, archive=archive, limits=limits, only=only)
    else:
        yield from read_batch(path, data, archive=archive, only=only)
