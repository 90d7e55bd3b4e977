"""What a server counts of itself, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from discern.inference.batcher import BatchResult
from discern.inference.model_registry import ModelRegistry
from discern.serving.web.workers import shared_folder

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class ServerMetrics:
    """Counters of requests, answers and refusals, and what waits just now."""

    def __init__(self, roster: ModelRegistry) -> None:
        self._roster = roster
        self._registry = own = CollectorRegistry()
        self._pending = Gauge(
            "discern_pending_pictures",
            "Pictures waiting or worked on.",
            ["model"],
            registry=own,
            multiprocess_mode="livesum",
        )
        self._requests = Counter(
            "discern_requests", "Requests by route, method and status.", ["route", "method", "status"], registry=own
        )
        self._seconds = Histogram(
            "discern_request_seconds", "From a request's head to its answer.", ["route"], buckets=_SECONDS, registry=own
        )
        self._answers = Counter(
            "discern_answers", "Pictures answered, by decision.", ["model", "decision"], registry=own
        )
        self._refused = Counter("discern_refused_pictures", "Pictures refused, by reason.", ["code"], registry=own)
        self._answering = Histogram(
            "discern_picture_seconds", "Decoding and running one picture.", ["model"], buckets=_SECONDS, registry=own
        )

    def note_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        known = method if method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def note_answer(self, model: str, answered: BatchResult) -> None:
        """Count an answer."""
        self._answers.labels(model, answered.prediction.decision).inc()
        self._answering.labels(model).observe(answered.took)

    def note_refusal(self, code: str) -> None:
        """Count a picture that was refused."""
        self._refused.labels(code).inc()

    def note_pending(self) -> None:
        """Count what waits or is worked on just now."""
        for name, served in self._roster.served.items():
            self._pending.labels(name).set(served.batcher.pending)

    def page(self) -> bytes:
        """Everything, as Prometheus reads it; of all workers where there are several."""
        self.note_pending()
        if shared_folder() is None:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
