"""Connection of a worker process to its supervisor, for metrics and reload signals."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from discern.errors import Overloaded

SampleKey = tuple[str, str, tuple[tuple[str, str], ...]]
"""Name of a metric, name of one of its samples, and that sample's labels."""

_PATIENCE = 3.0  # longer than the supervisor waits for the other workers


@dataclass(frozen=True, kw_only=True)
class MetricValues:
    """Values of a worker's metrics, or of all workers together.

    Attributes:
        counted: counters and histograms, which outlive their process.
        current: gauges, which do not.
    """

    counted: Mapping[SampleKey, float] = field(default_factory=dict)
    current: Mapping[SampleKey, float] = field(default_factory=dict)


class WorkerLink:
    """Connection of a worker process to its supervisor.

    A thread replies to the supervisor, so that the event loop never waits for it. Nothing is stored in files.

    Args:
        connection: the worker's end of a pipe; see `Supervisor` for its messages.
        orphaned: called in a thread when the supervisor has ended.
    """

    def __init__(self, connection: "Connection[Any, Any]", *, orphaned: Callable[[], None] = lambda: None) -> None:
        self._connection = connection
        self._orphaned = orphaned
        self._values: Callable[[], MetricValues] = MetricValues
        self._sending = threading.Lock()
        self._collecting = threading.Lock()
        self._totals: queue.Queue[tuple[int, MetricValues]] = queue.Queue()
        self._collections = 0
        self._is_reload_requested = threading.Event()
        threading.Thread(target=self._listen, name="supervisor", daemon=True).start()

    def publish(self, values: Callable[[], MetricValues]) -> None:
        """Set the function that returns this worker's metrics."""
        self._values = values

    def report_ready(self) -> None:
        """Report to the supervisor that the bundles are loaded."""
        self._send("ready")

    def collect(self) -> MetricValues:
        """Return the metrics of all workers, or of this one if the supervisor does not respond."""
        own = self._values()
        with self._collecting:
            self._collections += 1
            try:
                self._send("collect", self._collections, own)
                return self._wait_for_total(self._collections)
            except (OSError, TimeoutError, queue.Empty):
                return own

    def request_reload(self) -> None:
        """Request that the other workers reload their bundles.

        Raises:
            OSError: the supervisor does not respond.
        """
        self._send("reload")

    def take_reload_request(self) -> bool:
        """Return True if another worker has requested a reload since the last call."""
        is_requested = self._is_reload_requested.is_set()
        self._is_reload_requested.clear()
        return is_requested

    def close(self) -> None:
        """Send the final metrics to the supervisor."""
        with suppress(OSError):
            self._send("values", self._values())

    def _wait_for_total(self, number: int) -> MetricValues:
        deadline = time.monotonic() + _PATIENCE
        while True:
            answered, total = self._totals.get(timeout=max(0.0, deadline - time.monotonic()))
            if answered == number:
                return total

    def _send(self, *message: Any) -> None:
        if not self._sending.acquire(timeout=_PATIENCE):
            raise TimeoutError("the supervisor does not respond")
        try:
            self._connection.send(message)
        finally:
            self._sending.release()

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                kind, *content = self._connection.recv()
                if kind == "publish":
                    self._send("values", self._values())
                elif kind == "reload":
                    self._is_reload_requested.set()
                elif kind == "total":
                    self._totals.put(tuple(content))
        self._orphaned()


class ReloadSignal:
    """Signal that tells other worker processes to reload their model bundles.

    Args:
        link: connection to the supervisor; None if there is only one process.
    """

    def __init__(self, link: WorkerLink | None = None) -> None:
        self._link = link

    @property
    def is_shared(self) -> bool:
        """Return True if there are other worker processes."""
        return self._link is not None

    def send(self) -> None:
        """Signal the other worker processes to reload their model bundles.

        Raises:
            Overloaded: they cannot be reached.
        """
        try:
            if self._link:
                self._link.request_reload()
        except OSError as error:
            raise Overloaded(
                "The other workers cannot be reached, and do not reload their bundles.",
                hint="Retry in a moment, or restart the server.",
            ) from error

    def receive(self) -> bool:
        """Return True if another worker process has sent a reload signal since the last call."""
        return self._link is not None and self._link.take_reload_request()
