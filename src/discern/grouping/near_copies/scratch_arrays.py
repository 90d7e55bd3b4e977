"""Functions that create temporary memory-mapped arrays and divide them into blocks."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from discern.errors import StoreError

BLOCK = 256


def scratch_array(shape: tuple[int, ...], dtype: DTypeLike, folder: Path | None = None) -> "np.ndarray[Any, Any]":
    """Create a zero-filled array in an anonymous temporary file.

    The file is deleted with the last reference to the array.

    Args:
        shape: shape of the array; not empty.
        dtype: dtype of the elements.
        folder: directory of the file; None for the system's directory of temporary files.

    Raises:
        StoreError: the file cannot be written.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):  # otherwise writing to a full disk would kill the process
                os.posix_fallocate(file.fileno(), 0, int(np.prod(shape)) * np.dtype(dtype).itemsize)
            return np.memmap(file, dtype, "w+", shape=shape).view(np.ndarray)
    except OSError as error:
        raise StoreError(
            f"Temporary data cannot be written to {folder or tempfile.gettempdir()}: {error.strerror or error}.",
            hint="Free disk space, or choose another folder with --cache.",
        ) from error


def blocks(count: int, size: int = BLOCK) -> list[np.ndarray]:
    """Split a range of positions into blocks of limited size.

    Each core holds one block in memory at a time.
    """
    return [np.arange(start, min(start + size, count)) for start in range(0, count, size)]
