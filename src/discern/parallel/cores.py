"""Number of available cores, and the limit on the cores that one matrix product uses."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


def count_cores() -> int:
    """Number of cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Limit each matrix product to one core: several in parallel are faster than one that waits for all cores."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield
