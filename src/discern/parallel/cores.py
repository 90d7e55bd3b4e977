"""The cores that this process may use, and how many of them one matrix product takes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


def count_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Let each matrix product use one core: several side by side are quicker than one that waits for all cores."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield
