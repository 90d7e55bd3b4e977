"""Protocol of executors, with implementations that run calls in local threads and processes."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from discern.parallel.worker_process import WorkerProcess

Result = TypeVar("Result")


class Executor(Protocol):
    """Protocol of an asynchronous executor, tested by `discern.parallel.testing.ExecutorContract`."""

    def submit(self, function: Callable[..., Result], /, *arguments: Any) -> Future[Result]:
        """Schedule a call and return its future without waiting.

        The future holds the function's result, or the exception that it raised. It can be cancelled before it starts.
        """


class ThreadExecutor(ThreadPoolExecutor):
    """Executor that runs calls in threads and cancels pending ones on leaving its context."""

    def __exit__(
        self, exc_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Cancel pending calls and wait for running ones."""
        self.shutdown(wait=True, cancel_futures=True)


class ProcessExecutor:
    """Executor that runs calls in a pool of worker processes, free of the global interpreter lock.

    Functions are imported by name; arguments and results must be picklable. If a worker is killed, its current call
    fails with `OSError` and a new worker replaces it. No workflow needs it at present: it is the second implementation
    of `Executor`, which keeps callers from relying on shared memory.

    Args:
        workers: maximum number of processes; each is started by its first call.
    """

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers)
        self._local = threading.local()
        self._workers: list[WorkerProcess] = []

    def submit(self, function: Callable[..., Result], /, *arguments: Any) -> Future[Result]:
        """Schedule a call in a worker process and return its future."""
        return self._threads.submit(self._run, function, arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def _run(self, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        worker: WorkerProcess | None = getattr(self._local, "worker", None)
        if worker is None or worker.ended:
            worker = self._local.worker = WorkerProcess()
            self._workers.append(worker)
        return worker.run(function, *arguments)
