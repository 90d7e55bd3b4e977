"""Supervisor of the worker processes, which also exchanges their metrics and reload signals."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from discern.errors import DiscernError
from discern.serving.web.shutdown_signals import blocked_signals, handle_signals
from discern.serving.web.workers import MetricValues, SampleKey

_LOG = logging.getLogger("discern.serving")
_TICK_SECONDS = 0.5
_MISSED_TICKS = 60  # not tuned: a worker that does not respond for half a minute of the supervisor's own is killed
_COLLECT_SECONDS = 1.0  # not tuned
_MAX_REQUESTED = 64  # messages that a worker may leave unread; far from filling its pipe
_MAX_DELAY = 30.0  # not tuned: seconds between attempts to start a worker
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(eq=False, kw_only=True)
class _Worker:
    """Worker process, and its state as seen by the supervisor.

    Attributes:
        process: the process.
        connection: the supervisor's end of the pipe.
        values: its metrics, as it last reported them.
        requested: number of times that its metrics were requested.
        reported: number of times that it reported them.
        missed: ticks for which a request has been unanswered.
        is_ready: whether its bundles are loaded.
    """

    process: SpawnProcess
    connection: "Connection[Any, Any]"
    values: MetricValues = field(default_factory=MetricValues)
    requested: int = 0
    reported: int = 0
    missed: int = 0
    is_ready: bool = False


@dataclass(frozen=True, kw_only=True)
class _Collection:
    """Request by a worker for the metrics of all workers.

    Attributes:
        by: the worker.
        number: its number of the request.
        awaited: number of reports to wait for, by worker.
        deadline: when to answer without them.
    """

    by: _Worker
    number: int
    awaited: Mapping[_Worker, int]
    deadline: float


class Supervisor:
    """Supervisor that starts worker processes, restarts those that end, and stops all on a signal.

    Each worker has a pipe. It sends `ready`, `values` (its metrics), `collect` (for the metrics of all) and `reload`
    (for the others); it receives `publish` (for its metrics), `total` and `reload`.

    Args:
        target: module-level function that runs a worker, called with its end of the pipe and `arguments`.
        arguments: further arguments, which must be picklable.
        count: number of workers.
        stop_timeout: seconds for which workers may finish their requests at the end.
    """

    def __init__(
        self, target: Callable[..., None], arguments: tuple[Any, ...], *, count: int, stop_timeout: float
    ) -> None:
        self._target = target
        self._arguments = arguments
        self._count = count
        self._stop_timeout = stop_timeout
        self._workers: list[_Worker] = []
        self._collections: list[_Collection] = []
        self._counted: dict[SampleKey, float] = {}  # by workers that have ended
        self._was_ready = False
        self._delay, self._start_at, self._tick_at = 0.0, 0.0, 0.0
        self._signals: list[int] = []

    def run(self, *, close_listener: Callable[[], None]) -> None:
        """Run the workers until a signal asks the server to end.

        Args:
            close_listener: called before the workers are stopped, so that new connections are refused.

        Raises:
            DiscernError: no worker can start.
        """
        with handle_signals(self._signals.append):
            try:
                while not self._signals:
                    self._start_missing()
                    self._step()
            finally:
                close_listener()
                self._stop()

    def _start_missing(self) -> None:
        if time.monotonic() < self._start_at:
            return
        while len(self._workers) < self._count and not self._signals:
            try:
                self._workers.append(self._start())
            except OSError as error:
                if not self._was_ready:
                    raise
                _LOG.warning("a worker cannot be started: %s", error)
                self._postpone()
                return

    def _start(self) -> _Worker:
        own, other = _SPAWN.Pipe()
        try:
            process = _SPAWN.Process(target=self._target, args=(other, *self._arguments))
            with blocked_signals():
                process.start()
        except BaseException:
            own.close()
            raise
        finally:
            other.close()
        return _Worker(process=process, connection=own)

    def _postpone(self) -> None:
        self._delay = min(_MAX_DELAY, max(1.0, 2 * self._delay))
        self._start_at = time.monotonic() + self._delay

    def _step(self) -> None:
        """Wait for messages, ended workers or the next tick, and handle them."""
        by_connection = {worker.connection: worker for worker in self._workers if not worker.connection.closed}
        by_sentinel = {worker.process.sentinel: worker for worker in self._workers}
        if not by_sentinel:
            time.sleep(_TICK_SECONDS)
            return
        for found in wait([*by_connection, *by_sentinel], _TICK_SECONDS):
            if isinstance(found, int):
                self._remove(by_sentinel[found])
            else:
                self._receive(by_connection[found])  # type: ignore[index]
        if time.monotonic() >= self._tick_at:
            self._tick_at = time.monotonic() + _TICK_SECONDS
            self._check_workers()
        self._answer_collections()

    def _receive(self, worker: _Worker) -> None:
        try:
            kind, *content = worker.connection.recv()
        except (EOFError, OSError):
            worker.connection.close()  # it ends; otherwise `_check_workers` kills it
            return
        if kind == "ready":
            worker.is_ready = self._was_ready = True
            self._delay = 0.0
        elif kind == "values":
            worker.values, worker.missed = content[0], 0
            worker.reported += 1
        elif kind == "collect":
            self._collect(worker, *content)
        elif kind == "reload":
            for other in self._workers:
                if other is not worker:
                    self._send(other, "reload")

    def _collect(self, worker: _Worker, number: int, values: MetricValues) -> None:
        worker.values = values
        others = [other for other in self._workers if other is not worker and other.is_ready]
        for other in others:
            self._request_values(other)
        awaited = {other: other.requested for other in others}
        deadline = time.monotonic() + _COLLECT_SECONDS
        self._collections.append(_Collection(by=worker, number=number, awaited=awaited, deadline=deadline))

    def _answer_collections(self) -> None:
        now = time.monotonic()
        for each in list(self._collections):
            if now < each.deadline and any(
                worker.reported < count for worker, count in each.awaited.items() if worker in self._workers
            ):
                continue
            self._collections.remove(each)
            self._send(each.by, "total", each.number, self._total())

    def _total(self) -> MetricValues:
        counted, current = dict(self._counted), dict[SampleKey, float]()
        for worker in self._workers:
            _add(counted, worker.values.counted)
            _add(current, worker.values.current)
        return MetricValues(counted=counted, current=current)

    def _check_workers(self) -> None:
        for worker in self._workers:
            if worker.reported < worker.requested:
                worker.missed += 1
            else:
                self._request_values(worker)
            if worker.missed == _MISSED_TICKS:
                _LOG.warning("worker %s does not respond: it is replaced", worker.process.pid)
                worker.process.kill()

    def _request_values(self, worker: _Worker) -> None:
        if worker.requested - worker.reported < _MAX_REQUESTED:
            worker.requested += 1
            self._send(worker, "publish")

    def _send(self, worker: _Worker, *message: Any) -> None:
        with suppress(OSError):  # of a worker that has ended, which its sentinel tells
            worker.connection.send(message)

    def _remove(self, worker: _Worker) -> None:
        """Remove a worker that has ended, and keep what it counted."""
        with suppress(EOFError, OSError):
            while worker.connection.poll():  # its last messages, and then the end of the file
                self._receive(worker)
        worker.process.join()
        worker.connection.close()
        self._workers.remove(worker)
        _add(self._counted, worker.values.counted)
        if self._signals:
            return
        _LOG.warning("worker %s ended (exit code %s)", worker.process.pid, worker.process.exitcode)
        if not self._was_ready:
            raise DiscernError(
                f"A worker process ended while it was starting up (exit code {worker.process.exitcode}).",
                hint="Look for the cause in the log above; it may be memory.",
            )
        if not worker.is_ready:
            self._postpone()

    def _stop(self) -> None:
        """Stop all workers, and kill those that are late; a second Ctrl-C skips what is pending."""
        self._signals.append(signal.SIGTERM)
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + self._stop_timeout
        interrupted = self._signals.count(signal.SIGINT)
        while self._workers:
            self._step()
            if self._signals.count(signal.SIGINT) > interrupted:
                interrupted = self._signals.count(signal.SIGINT)
                for worker in self._workers:
                    with suppress(OSError):
                        os.kill(worker.process.pid or 0, signal.SIGINT)
            if time.monotonic() > deadline:
                for worker in self._workers:
                    worker.process.kill()


def _add(total: dict[SampleKey, float], values: Mapping[SampleKey, float]) -> None:
    for key, value in values.items():
        total[key] = total.get(key, 0.0) + value
