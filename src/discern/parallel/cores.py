"""Functions that count the CPU cores and limit the threads of BLAS."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


def count_cores() -> int:
    """Count the CPU cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Limit BLAS to one thread within a context, which is faster for parallel matrix products."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield
