"""Prometheus metrics of the HTTP server."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest, values
from prometheus_client.registry import Collector

from discern.inference.batcher import BatchResult
from discern.inference.capture_sink import CaptureSink
from discern.inference.model_registry import ModelRegistry
from discern.serving.web.capture_metrics import CaptureMetrics
from discern.serving.web.workers import MetricValues, SampleKey, WorkerLink

# Worker processes exchange their metrics with their supervisor: no request depends on files, whatever the environment.
values.ValueClass = values.MutexValue

_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class ServerMetrics:
    """Prometheus metrics of HTTP requests, predictions and pending images.

    Args:
        registry: the served models.
        link: connection to the supervisor of several worker processes; None if there is only one.
    """

    def __init__(self, registry: ModelRegistry, link: WorkerLink | None = None) -> None:
        self._registry = registry
        self._link = link
        self._collectors = own = CollectorRegistry()
        self._pending = Gauge(
            "discern_pending_pictures",
            "Pictures queued or in progress.",
            ["model"],
            registry=own,
        )
        self._requests = Counter(
            "discern_requests", "Requests by route, method and status.", ["route", "method", "status"], registry=own
        )
        self._request_seconds = Histogram(
            "discern_request_seconds",
            "Time from a request's header to its response.",
            ["route"],
            buckets=_BUCKETS,
            registry=own,
        )
        self._predictions = Counter("discern_answers", "Predictions by decision.", ["model", "decision"], registry=own)
        self._rejected = Counter("discern_refused_pictures", "Rejected pictures by error code.", ["code"], registry=own)
        self._picture_seconds = Histogram(
            "discern_picture_seconds", "Time to decode and run one picture.", ["model"], buckets=_BUCKETS, registry=own
        )
        self._capture: CaptureMetrics | None = None
        self._more: list[Callable[[], bytes]] = []
        if link:
            link.publish(self._values)

    def watch_capture(self, sink: Callable[[], CaptureSink | None], waiting_bytes: Callable[[], int]) -> None:
        """Also publish what a sink could not keep, and what waits in its spool.

        Args:
            sink: returns the sink of this process, or None before it is open.
            waiting_bytes: returns the size of the spool of all processes.
        """
        self._capture = CaptureMetrics(self._collectors, sink, waiting_bytes)
        self.add(self._capture.render_spool)

    def add(self, render: Callable[[], bytes]) -> None:
        """Add metrics that are the same in all worker processes, by the function that renders them."""
        self._more.append(render)

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an HTTP request and record its duration."""
        known = method if method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def count_prediction(self, model: str, result: BatchResult) -> None:
        """Count a prediction and record its computation time."""
        self._predictions.labels(model, result.prediction.decision).inc()
        self._picture_seconds.labels(model).observe(result.compute_seconds)

    def count_captured(self, exchanges: int) -> None:
        """Count exchanges that were kept."""
        if self._capture:
            self._capture.count_exchanges(exchanges)

    def count_feedback(self, source: str) -> None:
        """Count the true label of an answer."""
        if self._capture:
            self._capture.count_feedback(source)

    def count_rejection(self, code: str) -> None:
        """Count an image that the server rejected."""
        self._rejected.labels(code).inc()

    def render(self) -> bytes:
        """Return the metrics of all worker processes in the Prometheus text format.

        This waits up to a few seconds for the other processes.
        """
        self._update_pending()
        own = self._collectors if self._link is None else _Total(self._collectors, self._link.collect())
        return b"".join([generate_latest(own), *(render() for render in self._more)])

    def _update_pending(self) -> None:
        for name, served in self._registry.served.items():
            self._pending.labels(name).set(served.batcher.pending)
        if self._capture:
            self._capture.update()

    def _values(self) -> MetricValues:
        """Return the values of this process's metrics."""
        self._update_pending()
        counted: dict[SampleKey, float] = {}
        current: dict[SampleKey, float] = {}
        for metric in self._collectors.collect():
            found = current if metric.type == "gauge" else counted
            for sample in metric.samples:
                if not sample.name.endswith("_created"):  # a time, which has no sum
                    found[metric.name, sample.name, tuple(sample.labels.items())] = sample.value
        return MetricValues(counted=counted, current=current)


class _Total(Collector):
    """Collector of metrics whose values are those of all worker processes."""

    def __init__(self, described: Collector, values: MetricValues) -> None:
        self._described = described
        self._samples = {**values.counted, **values.current}

    def collect(self) -> Iterable[Metric]:
        """Return each metric with its values."""
        for each in self._described.collect():
            metric = Metric(each.name, each.documentation, each.type)
            for (name, sample, labels), value in self._samples.items():
                if name == each.name:
                    metric.add_sample(sample, dict(labels), value)
            yield metric
