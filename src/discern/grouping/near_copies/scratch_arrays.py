"""Tables with a row for each picture, which lie in files: memory stays the same however many pictures there are."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from discern.errors import StoreError

BLOCK = 256


def scratch_array(shape: tuple[int, ...], dtype: DTypeLike, folder: Path | None = None) -> "np.ndarray[Any, Any]":
    """Make an array of zeros over a file without a name, which is gone as soon as nothing refers to the array.

    Args:
        shape: of the array; not empty.
        dtype: of its elements.
        folder: where there is room; None: where the system puts temporary files.

    Raises:
        StoreError: there is no room.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):  # a full disk would otherwise kill the process at some write
                os.posix_fallocate(file.fileno(), 0, int(np.prod(shape)) * np.dtype(dtype).itemsize)
            return np.memmap(file, dtype, "w+", shape=shape).view(np.ndarray)
    except OSError as error:
        raise StoreError(
            f"What is computed of the pictures cannot be written to {folder or tempfile.gettempdir()}: "
            f"{error.strerror or error}.",
            hint="Make room there, or name another folder with --cache.",
        ) from error


def blocks(count: int, size: int = BLOCK) -> list[np.ndarray]:
    """Cut 0..count - 1 into runs of at most `size`: so many rows are in memory at a time on each core."""
    return [np.arange(start, min(start + size, count)) for start in range(0, count, size)]
