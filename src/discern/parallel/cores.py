"""Functions that count the CPU cores and limit the threads of BLAS."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def count_cores() -> int:
    """Count the CPU cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _BlasLimit:
    """Limit of BLAS to one thread, in force while any context is open, whichever is closed first."""

    def __init__(self) -> None:
        self._lock, self._open, self._modules = threading.Lock(), 0, 0
        self._libraries: Any = None
        self._limits: list[Any] = []

    def enter(self) -> None:
        # Imported here, as serving does not need it, and a function in the cloud does not have it.
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # noqa: PLC0415

        with self._lock:
            self._open += 1
            # Looking for BLAS libraries takes a millisecond, and only an import loads another one.
            imported = len(sys.modules) != self._modules
            if imported:
                self._libraries, self._modules = ThreadpoolController(), len(sys.modules)
            if imported or self._open == 1:
                self._limits.append(self._libraries.limit(limits=1, user_api="blas"))

    def leave(self) -> None:
        with self._lock:
            self._open -= 1
            while not self._open and self._limits:
                self._limits.pop().restore_original_limits()


_BLAS = _BlasLimit()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Limit BLAS to one thread within a context, which is faster for parallel or small matrix products.

    The limit is that of the process. Contexts may be nested, and overlap in several threads.
    """
    _BLAS.enter()
    try:
        yield
    finally:
        _BLAS.leave()
