"""Contract tests that each executor inherits in its own test class."""

import threading
import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path

from discern.parallel.executor import Executor
from discern.parallel.ordered_map import map_in_order


class ExecutorContract(ABC):
    """Contract tests for executors, inherited by a test class that implements `make`."""

    @abstractmethod
    def make(self, workers: int) -> AbstractContextManager[Executor]:
        """Open an executor that runs the given number of calls in parallel."""

    def test_a_call_returns_the_functions_result(self) -> None:
        """Check that arguments reach the function and its result reaches the caller."""
        with self.make(2) as executor:
            assert executor.submit(divmod, 17, 5).result() == (3, 2)
            assert executor.submit(len, bytes(1 << 20)).result() == 1 << 20

    def test_an_error_is_raised_where_the_result_is_taken(self) -> None:
        """Check that an error keeps its class and arguments, and the executor stays usable."""
        with self.make(1) as executor:
            failed = executor.submit(_raise_unicode_error, "full")
            error = failed.exception()
            assert isinstance(error, UnicodeError)
            assert error.args == ("full",)
            assert executor.submit(abs, -1).result() == 1

    def test_as_many_calls_as_workers_run_in_parallel(self, tmp_path: Path) -> None:
        """Check that two calls that wait for each other both finish."""
        with self.make(2) as executor:
            both = (
                executor.submit(_meet, tmp_path / "a", tmp_path / "b"),
                executor.submit(_meet, tmp_path / "b", tmp_path / "a"),
            )
            assert [each.result() for each in both] == [True, True]

    def test_a_call_that_has_not_started_can_be_cancelled(self) -> None:
        """Check that a cancelled call is never run and a running call completes."""
        with self.make(1) as executor:
            running = executor.submit(_sleep, 0.5)
            waiting = [executor.submit(abs, -1) for _ in range(3)]
            assert waiting[-1].cancel()
            assert waiting[-1].cancelled()
            assert waiting[0].result() == 1
            assert running.done()

    def test_leaving_cancels_the_pending_calls(self) -> None:
        """Check that an interrupted program does not complete its pending calls first."""
        start = time.monotonic()
        with self.make(1) as executor:
            waiting = [executor.submit(_sleep, 0.2) for _ in range(1_000)]
        assert time.monotonic() - start < 100
        assert waiting[-1].cancelled()

    def test_several_threads_may_submit(self) -> None:
        """Check that each thread gets the results of its own calls."""
        found: dict[int, list[int]] = {}
        with self.make(2) as executor:

            def submit(number: int) -> None:
                found[number] = [executor.submit(int, f"{number}{time}").result() for time in range(20)]

            threads = [threading.Thread(target=submit, args=(number,)) for number in range(1, 4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert found == {number: [int(f"{number}{time}") for time in range(20)] for number in range(1, 4)}

    def test_a_map_gives_results_in_order(self) -> None:
        """Check that results keep their order, regardless of completion order."""
        with self.make(2) as executor:
            durations = [0.1, 0.0, 0.05, 0.0]
            assert list(map_in_order(_sleep, durations, executor=executor, window=3)) == durations


def _raise_unicode_error(message: str) -> None:
    raise UnicodeError(message)


def _meet(own: Path, other: Path) -> bool:
    """Create one file and wait until another call has created its own."""
    own.touch()
    deadline = time.monotonic() + 60
    while not other.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return other.exists()


def _sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds
