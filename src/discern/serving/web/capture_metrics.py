"""Prometheus metrics of the capture of exchanges."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from discern.inference.capture_sink import CaptureSink


class CaptureMetrics:
    """Metrics of what one process keeps, and of the spool that all processes share.

    Args:
        registry: gets the metrics of this process.
        sink: returns the sink of this process, or None before it is open.
        waiting_bytes: returns the size of the spool of all processes.
    """

    def __init__(
        self, registry: CollectorRegistry, sink: Callable[[], CaptureSink | None], waiting_bytes: Callable[[], int]
    ) -> None:
        self._sink, self._waiting_bytes = sink, waiting_bytes
        self._lost_before = 0
        self._captured = Counter("discern_captured_exchanges", "Exchanges that were kept.", registry=registry)
        self._feedback = Counter(
            "discern_feedback", "True labels of answers that were sent.", ["source"], registry=registry
        )
        self._lost = Counter(
            "discern_capture_lost", "Exchanges and feedback that could not be kept.", registry=registry
        )
        self._shared = CollectorRegistry()
        self._waiting = Gauge("discern_capture_waiting_bytes", "Bytes that wait in the spool.", registry=self._shared)

    def count_exchanges(self, count: int) -> None:
        """Count exchanges that were kept."""
        self._captured.inc(count)

    def count_feedback(self, source: str) -> None:
        """Count the true label of an answer."""
        self._feedback.labels(source).inc()

    def update(self) -> None:
        """Count what was lost since the last call."""
        sink = self._sink()
        lost = sink.lost if sink else 0
        self._lost.inc(max(0, lost - self._lost_before))
        self._lost_before = lost

    def render_spool(self) -> bytes:
        """Return the size of the spool, which all processes share, in the Prometheus text format."""
        self._waiting.set(self._waiting_bytes())
        return generate_latest(self._shared)
