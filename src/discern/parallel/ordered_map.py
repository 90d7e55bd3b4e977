"""Functions that map over items in parallel, in order and with a limited number of calls in flight."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from discern.parallel.cores import single_threaded_blas
from discern.parallel.executor import Executor, ThreadExecutor

_MOST_THREADS = 16
Item = TypeVar("Item")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Pending(Protocol[Result_co]):
    """Protocol of a pending result, such as a `Future`."""

    def result(self) -> Result_co:
        """Wait for the result of the work and return it."""

    def cancel(self) -> bool:
        """Cancel the work if it has not started."""


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, executor: Executor, window: int
) -> Generator[Result]:
    """Map a function over items in parallel and yield the results in order.

    Items are read one by one in the caller's thread, only as results are consumed, so that memory use stays constant.
    Calls that have not started are cancelled after an error and when the generator is closed.

    Args:
        function: called by the executor with one item.
        items: items to map; may be infinite.
        executor: runs the calls.
        window: maximum number of calls that are submitted and not yet yielded.
    """
    return results_in_order((executor.submit(function, item) for item in items), window=window)


def results_in_order(
    submitted: Iterable[Pending[Result]], *, window: float, weight: Callable[[Any], float] | None = None
) -> Generator[Result]:
    """Yield the results of submitted work in order, submitting it only as needed.

    Work that has not started is cancelled after an error and when the generator is closed.

    Args:
        submitted: iterable that submits the next piece of work whenever it is advanced.
        window: maximum total weight of the work in flight.
        weight: weight of a piece of work; None: 1 each.
    """
    pending: deque[tuple[Pending[Result], float]] = deque()
    in_flight = 0.0

    def next_result() -> Result:
        result = pending[0][0].result()  # removed only afterwards, so that an interrupted wait is cancelled
        pending.popleft()
        return result

    try:
        for work in submitted:
            pending.append((work, 1 if weight is None else weight(work)))
            in_flight += pending[-1][1]
            while pending and in_flight >= window:
                in_flight -= pending[0][1]
                yield next_result()
        while pending:
            yield next_result()
    finally:
        for work, _ in pending:
            work.cancel()


def parallel_map(jobs: Sequence[Callable[[], Result]], threads: int | None = None) -> Iterator[Result]:
    """Run jobs in threads, one per CPU core, and yield the results in order."""
    count = min(threads or os.cpu_count() or 1, _MOST_THREADS, max(len(jobs), 1))
    with single_threaded_blas(), ThreadExecutor(count) as pool:
        yield from map_in_order(_call, jobs, executor=pool, window=len(jobs) + 1)


def _call(job: Callable[[], Result]) -> Result:
    return job()
