"""Result of a look at a store of captured exchanges."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Alarm of a look: evidence that something has changed, or that a promise is broken.

    Attributes:
        kind: a signal of `SIGNALS`, `pictures` (the two-sample classifier) or `promise`.
        since: estimate of when it began, ISO 8601 in UTC.
        evidence: the evidence: `against` (odds of the test), `threshold`, and values that depend on `kind`.
        examples: identifiers of exchanges that show it best, best first.
        message: the alarm in one plain sentence.
    """

    kind: str
    since: str
    evidence: dict[str, Any]
    examples: tuple[str, ...]
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return the alarm as a JSON-serialisable dictionary."""
        return {
            "kind": self.kind,
            "since": self.since,
            "evidence": self.evidence,
            "examples": list(self.examples),
            "message": self.message,
        }


@dataclass(frozen=True, kw_only=True)
class LiveAccuracy:
    """Accuracy on captured exchanges, from the labels of audited ones.

    Attributes:
        value: estimate in [0, 1].
        low: lower end of the confidence sequence, which holds at any time.
        high: upper end.
        audited: number of audited exchanges.
    """

    value: float
    low: float
    high: float
    audited: int

    def to_json(self) -> dict[str, Any]:
        """Return the accuracy as a JSON-serialisable dictionary."""
        return {"value": self.value, "low": self.low, "high": self.high, "audited": self.audited}


@dataclass(frozen=True, kw_only=True)
class Promise:
    """Test of the accept policy's sentence on audited exchanges.

    Attributes:
        asked: error limit of the policy, in (0, 1).
        broken: True once the test rejects that the limit holds.
        evidence: `against` (odds of the test), `threshold`, `audited`, `wrong`, `sentence`.
    """

    asked: float
    broken: bool
    evidence: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the promise as a JSON-serialisable dictionary."""
        return {"asked": self.asked, "broken": self.broken, "evidence": self.evidence}


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Pictures that look alike and like none of the classes.

    Attributes:
        ids: identifiers of the exchanges, most typical first.
        message: the finding in one plain sentence.
    """

    ids: tuple[str, ...]
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return the cluster as a JSON-serialisable dictionary."""
        return {"size": len(self.ids), "ids": list(self.ids), "message": self.message}


@dataclass(frozen=True, kw_only=True)
class Look:
    """Everything that a look measured in a store.

    Attributes:
        bundle: fingerprint of the model.
        exchanges: number of exchanges of this model.
        lost: number of exchanges that could not be kept.
        first: time of the first of them, ISO 8601 in UTC; None without any.
        last: time of the last.
        alarms: alarms, the earliest first.
        accuracy: accuracy from audits; None without audits.
        estimated: label-free estimate of the accuracy of the newest exchanges, never an alarm: `value` and `reference`;
            None without pictures.
        promise: test of the accept policy; None without a policy.
        clusters: clusters of pictures of no known class, the largest first.
        to_audit: identifiers of exchanges that are waiting for a label, the oldest first, at most 1,000.
        waiting: number of all exchanges that are waiting for a label.
        classes: share of each predicted label: `label`, `exchanges`, `share`, `trained`; never an alarm.
        signals: for each signal `name`, `against` (odds of its test), `median`, `reference` (its median).
        notes: what else a reader has to know.
    """

    bundle: str
    exchanges: int
    lost: int
    first: str | None
    last: str | None
    alarms: tuple[Alarm, ...] = ()
    accuracy: LiveAccuracy | None = None
    estimated: dict[str, float] | None = None
    promise: Promise | None = None
    clusters: tuple[Cluster, ...] = ()
    to_audit: tuple[str, ...] = ()
    waiting: int = 0
    classes: tuple[dict[str, Any], ...] = ()
    signals: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return the look as a JSON-serialisable dictionary, with its attributes as keys."""
        return {
            "bundle": self.bundle,
            "exchanges": self.exchanges,
            "lost": self.lost,
            "first": self.first,
            "last": self.last,
            "alarms": [alarm.to_json() for alarm in self.alarms],
            "accuracy": None if self.accuracy is None else self.accuracy.to_json(),
            "estimated": self.estimated,
            "promise": None if self.promise is None else self.promise.to_json(),
            "clusters": [cluster.to_json() for cluster in self.clusters],
            "to_audit": list(self.to_audit),
            "waiting": self.waiting,
            "classes": [dict(each) for each in self.classes],
            "signals": [dict(each) for each in self.signals],
            "notes": list(self.notes),
        }
