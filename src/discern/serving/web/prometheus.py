"""Prometheus metrics of the HTTP server."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from discern.inference.batcher import BatchResult
from discern.inference.model_registry import ModelRegistry
from discern.serving.web.workers import shared_dir

_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class ServerMetrics:
    """Prometheus metrics of HTTP requests, predictions and pending images."""

    def __init__(self, registry: ModelRegistry) -> None:
        self._registry = registry
        self._collectors = own = CollectorRegistry()
        self._pending = Gauge(
            "discern_pending_pictures",
            "Pictures queued or in progress.",
            ["model"],
            registry=own,
            multiprocess_mode="livesum",
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

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an HTTP request and record its duration."""
        known = method if method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def count_prediction(self, model: str, result: BatchResult) -> None:
        """Count a prediction and record its computation time."""
        self._predictions.labels(model, result.prediction.decision).inc()
        self._picture_seconds.labels(model).observe(result.compute_seconds)

    def count_rejection(self, code: str) -> None:
        """Count an image that the server rejected."""
        self._rejected.labels(code).inc()

    def update_pending(self) -> None:
        """Set the gauge to the current number of pending images."""
        for name, served in self._registry.served.items():
            self._pending.labels(name).set(served.batcher.pending)

    def render(self) -> bytes:
        """Return the metrics of all worker processes in the Prometheus text format."""
        self.update_pending()
        if shared_dir() is None:
            return generate_latest(self._collectors)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
