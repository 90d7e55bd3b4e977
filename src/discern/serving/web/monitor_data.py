"""Functions that collect the JSON of the monitor page from the store of captured exchanges."""

import math
from collections import Counter, defaultdict
from typing import Any

import numpy as np

from discern.bundle import Model
from discern.watching.looking.published_looks import PublishedLook, read_published
from discern.watching.stores.exchange_store import ExchangeColumns, ExchangeStore, TrafficHour

MAX_POINTS = 2_000
"""Number of the newest exchanges that the page shows one by one."""

MAX_HISTORY = 120
"""Number of earlier looks that the page draws, at most."""

_HOUR = 3_600
_TRAFFIC_SECONDS = 7 * 24 * _HOUR
_MAX_PROBABILITIES = 5


def monitor_json(
    store: ExchangeStore, model: Model, *, name: str, models: list[str], after: int, now: float
) -> dict[str, Any]:
    """Collect the figures of the monitor page for a model.

    Args:
        store: the store.
        model: the served model.
        name: name under which it is served.
        models: names of all served models.
        after: only list exchanges with a higher number, of which the page has the others already.
        now: the time, seconds since 1970 UTC.
    """
    fingerprint = model.fingerprint
    newest = store.columns(bundle=fingerprint, after=after, limit=MAX_POINTS, newest=True)
    hours = store.traffic(since=now - _TRAFFIC_SECONDS, bundle=fingerprint)
    return {
        "now": now,
        "model": model_json(model, name=name, models=models),
        "exchanges": store.bundles().get(fingerprint, 0),
        "lost": store.lost(),
        "traffic": _traffic(hours),
        "classes": dict(_by_label(hours)),
        "points": _points(newest),
        "look": published_json(read_published(store, fingerprint)),
    }


def model_json(model: Model, *, name: str, models: list[str]) -> dict[str, Any]:
    """Describe the model as far as the page draws it."""
    manifest = model.manifest
    names = {label: manifest.label_names.name(label) for label in manifest.labels}
    return {
        "name": name,
        "version": manifest.version,
        "fingerprint": model.fingerprint,
        "models": models,
        "labels": [{"label": label, "name": names[label]} for label in manifest.labels],
        "thresholds": {"unknown": manifest.thresholds.unknown, "accept": manifest.thresholds.accept},
        "sentence": (manifest.policy or {}).get("sentence"),
    }


def published_json(kept: PublishedLook) -> dict[str, Any] | None:
    """Return the newest look as JSON, without the queue; None before the first attempt."""
    if not kept.taken:
        return None
    look = kept.look and {key: value for key, value in kept.look.items() if key != "to_audit"}
    step = -(-len(kept.history) // MAX_HISTORY) or 1
    return {**vars(kept), "look": look, "history": kept.history[::-1][::step][::-1]}


def audit_json(
    store: ExchangeStore, model: Model, *, name: str, models: list[str], limit: int, skipped: frozenset[str]
) -> dict[str, Any]:
    """Collect the next pictures of the audit, without their predictions, which might influence the answer.

    Args:
        store: the store.
        model: the served model.
        name: name under which it is served.
        models: names of all served models.
        limit: number of pictures, at most.
        skipped: identifiers of exchanges to leave out.
    """
    kept = read_published(store, model.fingerprint)
    look = kept.look or {}
    queue = list(look.get("to_audit", ()))
    found = store.columns_of(queue)
    open_ids = {str(id_) for id_, truth in zip(found.id, found.truth, strict=True) if truth is None}
    waiting = [id_ for id_ in queue if id_ in open_ids]
    times = dict(zip(map(str, found.id), found.time.tolist(), strict=True))
    shown = [id_ for id_ in waiting if id_ not in skipped][:limit]
    return {
        "model": model_json(model, name=name, models=models),
        "waiting": look.get("waiting", 0) - (len(queue) - len(waiting)),
        "items": [{"id": id_, "time": times[id_]} for id_ in shown],
        "accuracy": look.get("accuracy"),
        "promise": look.get("promise"),
        "taken": kept.taken or None,
    }


def exchange_json(store: ExchangeStore, exchange_id: str) -> dict[str, Any] | None:
    """Describe one exchange with its prediction and feedback; None if it is not stored."""
    exchange = store.get(exchange_id)
    row = store.columns_of([exchange_id])
    if exchange is None or not len(row):
        return None
    prediction = exchange.prediction
    likely = sorted((prediction.get("probabilities") or {}).items(), key=lambda pair: -(pair[1] or 0.0))
    return {
        "id": exchange.id,
        "time": exchange.time,
        "door": exchange.door,
        "client_id": exchange.client_id,
        "bundle": exchange.bundle,
        "size": [exchange.width, exchange.height],
        "seconds": _number(exchange.seconds),
        "brightness": _number(exchange.brightness),
        "sharpness": _number(exchange.sharpness),
        "has_picture": exchange.picture is not None,
        "label": prediction.get("label"),
        "decision": prediction.get("decision"),
        "confidence": prediction.get("confidence"),
        "unknown_score": prediction.get("unknown_score"),
        "probabilities": [list(pair) for pair in likely[:_MAX_PROBABILITIES]],
        "truth": row.truth[0],
        "is_new": bool(row.is_new[0]),
    }


def _traffic(hours: list[TrafficHour]) -> list[dict[str, Any]]:
    """Add the traffic of each hour over labels: exchanges by decision, and the sum of the times to a prediction."""
    found: dict[int, dict[str, Any]] = {}
    for each in hours:
        hour = found.setdefault(
            each.start, {"start": each.start, "accept": 0, "review": 0, "unknown": 0, "seconds": 0.0}
        )
        hour[each.decision] = hour.get(each.decision, 0) + each.exchanges
        hour["seconds"] += each.seconds
    return [found[start] for start in sorted(found)]


def _by_label(hours: list[TrafficHour]) -> Counter[str]:
    """Count the predicted labels of exchanges that were not unknown."""
    counts: Counter[str] = Counter()
    for each in hours:
        if each.decision != "unknown":
            counts[each.label] += each.exchanges
    return counts


def _points(columns: ExchangeColumns) -> dict[str, list[Any]]:
    """Return exchanges as columns of JSON values, the oldest first."""
    lists: dict[str, list[Any]] = defaultdict(list)
    for name in ("number", "time"):
        lists[name] = getattr(columns, name).tolist()
    for name in ("id", "label", "decision", "truth"):
        lists[name] = [None if each is None else str(each) for each in getattr(columns, name)]
    for name, digits in (("confidence", 4), ("unknown_score", 5), ("seconds", 4)):
        lists[name] = _rounded(getattr(columns, name), digits)
    return dict(lists)


def _rounded(values: np.ndarray, digits: int) -> list[float | None]:
    return [round(each, digits) if math.isfinite(each) else None for each in values.tolist()]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
