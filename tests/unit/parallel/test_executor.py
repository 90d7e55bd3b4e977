"""Both executors pass the contract test; a killed worker is replaced."""

import os

import pytest

from discern.parallel import ProcessExecutor, ThreadExecutor
from discern.parallel.testing import ExecutorContract


class TestThreadExecutor(ExecutorContract):
    def make(self, workers: int) -> ThreadExecutor:
        return ThreadExecutor(workers)


class TestProcessExecutor(ExecutorContract):
    def make(self, workers: int) -> ProcessExecutor:
        return ProcessExecutor(workers)

    def test_calls_run_in_other_processes(self) -> None:
        with self.make(1) as executor:
            assert executor.submit(os.getpid).result() != os.getpid()

    def test_a_worker_that_ended_is_replaced(self) -> None:
        with self.make(1) as executor:
            with pytest.raises(OSError, match="ended"):
                executor.submit(os._exit, 3).result()
            assert executor.submit(abs, -1).result() == 1
