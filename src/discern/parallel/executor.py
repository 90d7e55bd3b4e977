"""The seam between work and what runs it, and the two implementations on this machine."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from discern.parallel.worker_process import WorkerProcess

Result = TypeVar("Result")


class Executor(Protocol):
    """Runs calls elsewhere; `discern.parallel.testing.ExecutorContract` says what each implementation keeps to."""

    def submit(self, function: Callable[..., Result], /, *arguments: Any) -> Future[Result]:
        """Begin a call as soon as there is room, and give its future at once.

        The future has what the function gives, or the error that it raised. One that has not begun can be cancelled.
        """


class ThreadExecutor(ThreadPoolExecutor):
    """Runs calls in threads of this process; at the end of its `with` block, what has not begun never begins."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cancel what waits, and wait for what runs."""
        self.shutdown(wait=True, cancel_futures=True)


class ProcessExecutor:
    """Runs calls in worker processes, for work in which Python itself is the brake.

    Functions are found by their module's name, and all that goes in and out must be picklable. A worker that was killed
    fails the call that it ran, with `OSError`; another takes its place.

    Args:
        workers: how many processes there may be; each begins with its first call.
    """

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers)
        self._own = threading.local()
        self._workers: list[WorkerProcess] = []

    def submit(self, function: Callable[..., Result], /, *arguments: Any) -> Future[Result]:
        """Begin a call; see `Executor.submit`."""
        return self._threads.submit(self._run, function, arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def _run(self, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        worker: WorkerProcess | None = getattr(self._own, "worker", None)
        if worker is None or worker.ended:
            worker = self._own.worker = WorkerProcess()
            self._workers.append(worker)
        return worker.run(function, *arguments)
