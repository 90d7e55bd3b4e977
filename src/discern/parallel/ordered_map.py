"""Maps that run side by side, give their results in order, and hold only a few of them at a time."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from discern.parallel.cores import single_threaded_blas
from discern.parallel.executor import Executor, ThreadExecutor

_MOST_THREADS = 16
Item = TypeVar("Item")
Result = TypeVar("Result")
Given_co = TypeVar("Given_co", covariant=True)


class Pending(Protocol[Given_co]):
    """A result that is on its way, such as a `Future`."""

    def result(self) -> Given_co:
        """Wait for it."""

    def cancel(self) -> bool:
        """Stop it if it has not begun."""


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, executor: Executor, window: int
) -> Generator[Result]:
    """Call a function with each item side by side; yield results in the order of the items.

    Items are taken one after the other in the caller's thread, and only as results are taken: memory stays flat. After
    an error, and when the caller takes no more, calls that have not begun are cancelled.

    Args:
        function: called elsewhere.
        items: may be endless.
        executor: what calls.
        window: calls that are begun and whose results are not yet given, at most.
    """
    return results_in_order((executor.submit(function, item) for item in items), window=window)


def results_in_order(
    begun: Iterable[Pending[Result]], *, window: float, weight: Callable[[Any], float] | None = None
) -> Generator[Result]:
    """Wait for work in the order in which it is begun; otherwise as `map_in_order`.

    Args:
        begun: begins a piece of work whenever it is asked for the next.
        window: how much may be under way.
        weight: tells how much of the window a piece takes; None: 1 each.
    """
    pending: deque[tuple[Pending[Result], float]] = deque()
    held = 0.0

    def take() -> Result:
        result = pending[0][0].result()  # only then off the list: a wait that is interrupted is cancelled
        pending.popleft()
        return result

    try:
        for each in begun:
            pending.append((each, 1 if weight is None else weight(each)))
            held += pending[-1][1]
            while pending and held >= window:
                held -= pending[0][1]
                yield take()
        while pending:
            yield take()
    finally:
        for each, _ in pending:
            each.cancel()


def parallel_map(jobs: Sequence[Callable[[], Result]], threads: int | None = None) -> Iterator[Result]:
    """Run jobs in threads, each on one core; gives their results in order, as they are ready."""
    count = min(threads or os.cpu_count() or 1, _MOST_THREADS, max(len(jobs), 1))
    with single_threaded_blas(), ThreadExecutor(count) as pool:
        yield from map_in_order(_call, jobs, executor=pool, window=len(jobs) + 1)


def _call(job: Callable[[], Result]) -> Result:
    return job()
