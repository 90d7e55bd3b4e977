"""Prometheus metrics of the newest look at the captured exchanges."""

import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from discern.errors import DiscernError
from discern.inference.model_registry import ModelRegistry
from discern.serving.web.store_access import StoreAccess
from discern.watching.looking.published_looks import PublishedLook, read_published
from discern.watching.stores.exchange_store import ExchangeStore

_SECONDS = 2.0  # not tuned: a scrape has ten by default


class LookMetrics:
    """Prometheus metrics of looks, which any of the server's processes reads from the store.

    They are therefore no sum over processes, as the others are.

    Args:
        access: the store.
        registry: the served models.
    """

    def __init__(self, access: StoreAccess, registry: ModelRegistry) -> None:
        self._access = access
        self._registry = registry

    def render(self) -> bytes:
        """Return the metrics in the Prometheus text format; empty if nothing is captured or the store is down."""
        if not self._access.captures:
            return b""
        fingerprints = {name: served.model.fingerprint for name, served in self._registry.served.items()}
        try:
            kept = self._access.read_within(partial(_read, fingerprints=fingerprints), seconds=_SECONDS)
        except DiscernError:  # the other metrics are needed all the more
            return b""
        collectors = CollectorRegistry(auto_describe=False)
        collectors.register(_Looks(kept))
        return generate_latest(collectors)


def _read(store: ExchangeStore, fingerprints: dict[str, str]) -> dict[str, PublishedLook]:
    return {name: read_published(store, fingerprint) for name, fingerprint in fingerprints.items()}


class _Looks(Collector):
    def __init__(self, kept: dict[str, PublishedLook]) -> None:
        self._kept = kept

    def collect(self) -> Iterable[Metric]:
        """Yield each metric with its values."""
        evidence = _gauge("drift_evidence", "Odds against the hypothesis that nothing has changed.", "signal")
        alarms = _gauge("alarms", "Alarms of the newest look.")
        accuracy = _gauge("live_accuracy", "Accuracy from audits, with an interval that holds at any time.", "bound")
        waiting = _gauge("audit_waiting", "Pictures that wait for a person's label.")
        age = _gauge("look_age_seconds", "Time since the newest look that succeeded.")
        for model, kept in self._kept.items():
            look = kept.look
            if look is None:
                continue
            for signal in look["signals"]:
                _add(evidence, signal.get("against"), model, signal["name"])
            _add(alarms, len(look["alarms"]), model)
            for bound in ("value", "low", "high"):
                _add(accuracy, (look["accuracy"] or {}).get(bound), model, bound)
            _add(waiting, look["waiting"], model)
            _add(age, time.time() - kept.succeeded, model)
        yield from (evidence, alarms, accuracy, waiting, age)


def _gauge(name: str, description: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"discern_{name}", description, labels=["model", *labels])


def _add(gauge: GaugeMetricFamily, value: Any, *labels: str) -> None:
    if value is not None:
        gauge.add_metric(labels, float(value))
