"""Results come in order, few are in flight, and work that nobody consumes is cancelled."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import count
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from discern.parallel import ThreadExecutor, map_in_order, parallel_map, results_in_order, single_threaded_blas


class Counter:
    """Infinite iterator from 0 that counts the items taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> "Counter":
        return self

    def __next__(self) -> int:
        self.taken += 1
        return self.taken - 1


class RecordingExecutor:
    """Executor that records its futures: the first `done` are complete, the others stay pending."""

    def __init__(self, done: int) -> None:
        self.futures: list[Future[Any]] = []
        self.done = done

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if len(self.futures) < self.done:
            future.set_result(function(*arguments))
        self.futures.append(future)
        return future


def blas_threads() -> set[int]:
    """Number of threads of each BLAS library that is loaded."""
    np.ones((2, 2)) @ np.ones((2, 2))
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture
def two_blas_threads() -> Iterator[None]:
    """Let BLAS use two threads, whatever the machine and the environment are."""
    with threadpool_limits(2, user_api="blas"):
        assert blas_threads() == {2}
        yield


def test_results_come_in_the_order_of_the_jobs():
    first_may_end = threading.Event()

    def first() -> str:
        first_may_end.wait(5)
        return "first"

    def second() -> str:
        first_may_end.set()
        return "second"

    assert list(parallel_map([first, second], threads=2)) == ["first", "second"]


@pytest.mark.parametrize("window", [1, 2, 7, 100])
@pytest.mark.parametrize("items", [0, 1, 6, 7, 50])
def test_every_item_has_its_result_whatever_the_window(items: int, window: int) -> None:
    with ThreadExecutor(3) as executor:
        found = list(map_in_order(str, range(items), executor=executor, window=window))
    assert found == [str(number) for number in range(items)]


def test_no_more_than_the_window_is_taken_ahead() -> None:
    items = Counter()
    with ThreadExecutor(2) as executor:
        results = map_in_order(str, items, executor=executor, window=5)
        for number in range(20):
            assert next(results) == str(number)
            assert items.taken <= number + 5
        results.close()


def test_work_that_weighs_more_leaves_room_for_less() -> None:
    items = Counter()
    with ThreadExecutor(1) as executor:
        submitted = (executor.submit(abs, item) for item in items)
        results = results_in_order(submitted, window=6, weight=lambda _: 3)
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        assert items.taken == 4
        results.close()


def test_work_heavier_than_the_window_runs_alone() -> None:
    with ThreadExecutor(1) as executor:
        submitted = (executor.submit(abs, item) for item in (1, 2))
        assert list(results_in_order(submitted, window=1, weight=lambda _: 99)) == [1, 2]


def test_an_error_is_raised_in_its_place_and_the_rest_is_cancelled() -> None:
    executor = RecordingExecutor(done=0)
    results = map_in_order(abs, count(), executor=executor, window=4)
    error = threading.Timer(0.1, lambda: executor.futures[0].set_exception(ValueError("bad")))
    error.start()
    with pytest.raises(ValueError, match="bad"):
        next(results)
    assert [future.cancelled() for future in executor.futures] == [False, True, True, True]


def test_closing_cancels_the_pending_calls() -> None:
    executor = RecordingExecutor(done=1)
    results = map_in_order(abs, count(), executor=executor, window=4)
    assert next(results) == 0
    results.close()
    assert [future.cancelled() for future in executor.futures] == [False, True, True, True]


def test_an_interrupted_wait_cancels_the_pending_calls() -> None:
    class Interrupted(Future[int]):
        def result(self, timeout: float | None = None) -> int:
            raise KeyboardInterrupt

    futures = [Interrupted(), Interrupted()]
    with pytest.raises(KeyboardInterrupt):
        list(results_in_order(futures, window=9))
    assert all(future.cancelled() for future in futures)


def test_an_error_of_the_items_cancels_the_pending_calls() -> None:
    def items() -> Any:
        yield 1
        raise OSError("gone")

    executor = RecordingExecutor(done=0)
    with pytest.raises(OSError, match="gone"):
        list(map_in_order(abs, items(), executor=executor, window=4))
    assert executor.futures[0].cancelled()


def test_no_jobs_give_no_results():
    assert list(parallel_map([])) == []


def test_an_error_in_a_job_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        list(parallel_map([lambda: 1, lambda: 1 // 0], threads=1))


@pytest.mark.usefixtures("two_blas_threads")
def test_each_product_uses_one_core_and_all_of_them_again_afterwards():
    with single_threaded_blas():
        assert blas_threads() == {1}
    assert blas_threads() == {2}
    assert list(parallel_map([blas_threads], threads=1)) == [{1}]
    assert blas_threads() == {2}


@pytest.mark.usefixtures("two_blas_threads")
def test_the_limit_of_blas_ends_with_the_last_context_that_needs_it():
    results = parallel_map([blas_threads, blas_threads], threads=1)
    assert next(results) == {1}
    with single_threaded_blas():
        assert list(results) == [{1}]
        assert blas_threads() == {1}, "the map that began before is over"
    assert blas_threads() == {2}
