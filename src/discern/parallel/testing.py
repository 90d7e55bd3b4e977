"""What every `Executor` keeps to, as a test class to inherit from."""

import threading
import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path

from discern.parallel.executor import Executor
from discern.parallel.ordered_map import map_in_order


class ExecutorContract(ABC):
    """Subclass it in a test, and give the executor; its calls are picklable, and found by name."""

    @abstractmethod
    def make(self, workers: int) -> AbstractContextManager[Executor]:
        """Make one that runs as many calls at once; leaving its `with` block ends it."""

    def test_a_call_gives_what_the_function_gives(self) -> None:
        """Arguments go there, and the result comes back."""
        with self.make(2) as executor:
            assert executor.submit(divmod, 17, 5).result() == (3, 2)
            assert executor.submit(len, bytes(1 << 20)).result() == 1 << 20

    def test_an_error_is_raised_where_the_result_is_taken(self) -> None:
        """With its class and all that it says; the executor goes on."""
        with self.make(1) as executor:
            failed = executor.submit(_refuse, "full")
            error = failed.exception()
            assert isinstance(error, UnicodeError)
            assert error.args == ("full",)
            assert executor.submit(abs, -1).result() == 1

    def test_as_many_calls_as_workers_run_at_once(self, tmp_path: Path) -> None:
        """Two that wait for each other come to an end."""
        with self.make(2) as executor:
            both = (
                executor.submit(_meet, tmp_path / "a", tmp_path / "b"),
                executor.submit(_meet, tmp_path / "b", tmp_path / "a"),
            )
            assert [each.result() for each in both] == [True, True]

    def test_what_has_not_begun_can_be_cancelled(self) -> None:
        """And is never run; what runs goes on to its end."""
        with self.make(1) as executor:
            running = executor.submit(_nap, 0.5)
            waiting = [executor.submit(abs, -1) for _ in range(3)]
            assert waiting[-1].cancel()
            assert waiting[-1].cancelled()
            assert waiting[0].result() == 1
            assert running.done()

    def test_leaving_ends_it_without_what_waits(self) -> None:
        """An interrupted program does not do the rest first."""
        begun = time.monotonic()
        with self.make(1) as executor:
            waiting = [executor.submit(_nap, 0.2) for _ in range(1_000)]
        assert time.monotonic() - begun < 100
        assert waiting[-1].cancelled()

    def test_threads_may_submit_at_once(self) -> None:
        """Each gets its own results."""
        found: dict[int, list[int]] = {}
        with self.make(2) as executor:

            def ask(number: int) -> None:
                found[number] = [executor.submit(int, f"{number}{time}").result() for time in range(20)]

            threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert found == {number: [int(f"{number}{time}") for time in range(20)] for number in range(1, 4)}

    def test_a_map_gives_results_in_order(self) -> None:
        """Whichever is ready first."""
        with self.make(2) as executor:
            naps = [0.1, 0.0, 0.05, 0.0]
            assert list(map_in_order(_nap, naps, executor=executor, window=3)) == naps


def _refuse(why: str) -> None:
    raise UnicodeError(why)


def _meet(own: Path, other: Path) -> bool:
    """Be there, and wait for the other."""
    own.touch()
    deadline = time.monotonic() + 60
    while not other.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return other.exists()


def _nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds
