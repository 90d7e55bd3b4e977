"""Function that returns freed memory to the operating system."""

import ctypes
import sys
from contextlib import suppress


def release_free_memory() -> None:
    """Return freed memory to the operating system, where the C library keeps it: on Linux with glibc.

    Models are many blocks of medium size, of which glibc keeps more after each reload
    (benchmarks/reload_memory.py).
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
