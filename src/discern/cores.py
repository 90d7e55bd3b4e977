"""Many pieces of work at once, each on one core."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

_MOST_THREADS = 16
Result = TypeVar("Result")


@contextmanager
def one_core_each() -> Iterator[None]:
    """Let each matrix product use one core: several side by side are quicker than one that waits for all cores."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


def side_by_side(jobs: Sequence[Callable[[], Result]], threads: int | None = None) -> Iterator[Result]:
    """Run jobs in threads, each on one core; gives their results in order, as they are ready."""
    count = min(threads or os.cpu_count() or 1, _MOST_THREADS, max(len(jobs), 1))
    with one_core_each(), ThreadPoolExecutor(count) as pool:
        yield from pool.map(lambda job: job(), jobs)
