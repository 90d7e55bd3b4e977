"""What a server counts of itself, for Prometheus."""

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from discern.serving.batching import Answered
from discern.serving.roster import Roster

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
SHARED = "PROMETHEUS_MULTIPROC_DIR"


class Figures:
    """Counters of requests, answers and refusals, and what waits just now."""

    def __init__(self, roster: Roster) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Waiting(roster))
        own = self._registry
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

    def note_answer(self, model: str, answered: Answered) -> None:
        """Count an answer."""
        self._answers.labels(model, answered.prediction.decision).inc()
        self._answering.labels(model).observe(answered.took)

    def note_refusal(self, code: str) -> None:
        """Count a picture that was refused."""
        self._refused.labels(code).inc()

    def page(self) -> bytes:
        """Everything, as Prometheus reads it; of all workers where there are several."""
        if SHARED not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


class _Waiting(Collector):
    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def collect(self) -> list[GaugeMetricFamily]:
        """What waits or is worked on, by model."""
        gauge = GaugeMetricFamily("discern_pending_pictures", "Pictures waiting or worked on.", labels=["model"])
        for name, served in self._roster.served.items():
            gauge.add_metric([name], served.batcher.pending)
        return [gauge]
