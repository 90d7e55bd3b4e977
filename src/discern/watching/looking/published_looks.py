"""Looks that a server keeps in the store, so that all its processes show the same one."""

import json
import math
from dataclasses import dataclass, field, replace
from typing import Any

from discern.watching.looks.look import Look
from discern.watching.stores.exchange_store import ExchangeStore

_LEASE = "monitor-lease"
_MAX_QUEUE = 500
_MAX_HISTORY = 600
_MAX_ODDS = 1e15


@dataclass(frozen=True, kw_only=True)
class PublishedLook:
    """Newest look at the exchanges of a model, and how the evidence developed.

    Attributes:
        taken: when the newest attempt began, seconds since 1970 UTC; 0 before the first.
        succeeded: when `look` was taken; 0 without one.
        seconds: duration of the look.
        look: JSON object of the look, see `look_json`; None if none has succeeded yet.
        error: why the newest attempt failed; "" if it succeeded.
        history: a JSON object for each earlier look: `time`, `exchanges`, `against` by signal, `accuracy`.
    """

    taken: float = 0.0
    succeeded: float = 0.0
    seconds: float = 0.0
    look: dict[str, Any] | None = None
    error: str = ""
    history: list[dict[str, Any]] = field(default_factory=list)

    def after(self, look: Look, *, taken: float, seconds: float) -> "PublishedLook":
        """Return what is kept after another look."""
        found = look_json(look)
        entry = {
            "time": taken,
            "exchanges": look.exchanges,
            "against": {each["name"]: each.get("against") for each in found["signals"]},
            "accuracy": found["accuracy"],
        }
        history = _thinned([*self.history, entry])
        return PublishedLook(taken=taken, succeeded=taken, seconds=seconds, look=found, history=history)

    def failed(self, error: str, *, taken: float) -> "PublishedLook":
        """Return what is kept after a look that failed."""
        return replace(self, taken=taken, error=error)

    def to_bytes(self) -> bytes:
        """Return the look as JSON text."""
        return json.dumps(vars(self), allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes | None) -> "PublishedLook":
        """Read a look; one that cannot be read counts as none."""
        try:
            return cls(**json.loads(data or b""))
        except (TypeError, ValueError):
            return cls()


def look_json(look: Look) -> dict[str, Any]:
    """Return a look as JSON with the first of its queue, in which numbers that are not finite are null or limited."""
    whole = look.to_json()
    return dict(_finite({**whole, "to_audit": whole["to_audit"][:_MAX_QUEUE]}))


def read_published(store: ExchangeStore, fingerprint: str) -> PublishedLook:
    """Read the newest look at the exchanges of a model."""
    return PublishedLook.from_bytes(store.read_state(_state(fingerprint)))


def publish(store: ExchangeStore, fingerprint: str, kept: PublishedLook) -> bool:
    """Keep a look; return False if another process has kept one meanwhile."""
    name = _state(fingerprint)
    return store.write_state(name, kept.to_bytes(), previous=store.read_state(name))


def take_lease(store: ExchangeStore, owner: str, *, now: float, seconds: float) -> bool:
    """Take or renew the lease by which one process at a time takes looks; return True if `owner` has it.

    Args:
        store: the store.
        owner: name of the process.
        now: the time.
        seconds: the lease ends after so many seconds, unless it is renewed.
    """
    before = store.read_state(_LEASE)
    held = _lease(before)
    if held["owner"] != owner and held["until"] > now:
        return False
    lease = {"owner": owner, "until": now + seconds}
    return store.write_state(_LEASE, json.dumps(lease).encode(), previous=before)


def release_lease(store: ExchangeStore, owner: str) -> None:
    """End the lease of a process, so that another one can take it at once."""
    before = store.read_state(_LEASE)
    if _lease(before)["owner"] == owner:
        store.write_state(_LEASE, json.dumps({"owner": "", "until": 0.0}).encode(), previous=before)


def _lease(state: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(state or b"")
        return {"owner": str(found["owner"]), "until": float(found["until"])}
    except (KeyError, TypeError, ValueError):
        return {"owner": "", "until": 0.0}


def _state(fingerprint: str) -> str:
    return f"monitor:{fingerprint}"


def _thinned(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a history that fits, with every second entry of its older half left out if it is too long."""
    if len(history) <= _MAX_HISTORY:
        return history
    middle = len(history) // 2
    return [*history[:middle:2], *history[middle:]]


def _finite(value: Any) -> Any:
    """Return a JSON value in which numbers that are not finite are null and odds have an upper limit."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, float):
        return None if math.isnan(value) else max(-_MAX_ODDS, min(_MAX_ODDS, value))
    return value
