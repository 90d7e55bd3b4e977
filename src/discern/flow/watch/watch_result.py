"""Result of a look at a store of captured exchanges (`discern watch`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.display.displayed import Displayed
from discern.watching.looks.look import Look

_FIRST = ("exchanges", "lost", "alarms", "accuracy", "promise", "clusters", "to_audit")


@dataclass(frozen=True, kw_only=True, repr=False)
class WatchResult(Displayed):
    """Result of `discern.watch`: what a look measured, and what was done with it.

    Attributes:
        store: the store that was looked at, without a password.
        look: the look, with alarms, accuracy, promise, clusters and the queue of the audit.
        page: page that was written; None for none.
        labels: number of labels that were read from a file.
        alerts: failures to send an alarm, in words; empty if all were sent, or none was to be.
    """

    store: str
    look: Look
    page: Path | None = None
    labels: int = 0
    alerts: tuple[str, ...] = ()

    @property
    def alarmed(self) -> bool:
        """Return True if there is an alarm, or the promise is broken."""
        return bool(self.look.alarms) or (self.look.promise is not None and self.look.promise.broken)

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            exchanges: number of exchanges of the model that were looked at.
            lost: number of exchanges that could not be kept.
            alarms: list of alarms, the earliest first: `kind`, `since` (ISO 8601), `evidence` with the odds `against`
                and their `threshold`, `examples` (ids of exchanges, best first), and `message`.
            accuracy: `value`, `low`, `high` and `audited` from the labels of audits; null without any.
            promise: `asked`, `broken` and `evidence` of the accept policy; null without a policy.
            clusters: pictures that look alike and like no known class, the largest first: `size`, `ids` and `message`.
            to_audit: ids of exchanges that wait for a label, the oldest first, at most a thousand.
            page: absolute path of the page; null for none.
            waiting: number of all exchanges that wait for a label.
            store: the store, without a password.
            bundle: fingerprint of the model.
            first: time of the first exchange, ISO 8601; null without any.
            last: time of the last.
            estimated: estimate of the accuracy without labels, `value` and `reference`; null if there is none.
            classes: `label`, `exchanges`, `share` and `trained` of each predicted label.
            signals: `name`, `against`, `median` and `reference` of each signal.
            labels: number of labels that were read from a file.
            alerts: failures to send an alarm.
            notes: what else a reader has to know.
        """
        look = self.look.to_json()
        first = {name: look.pop(name) for name in _FIRST}
        page = None if self.page is None else str(self.page)
        own = {"store": self.store, "labels": self.labels, "alerts": list(self.alerts)}
        return first | {"page": page} | look | own

    def _brief(self) -> dict[str, Any]:
        look = self.look
        brief: dict[str, Any] = {"exchanges": look.exchanges, "alarms": len(look.alarms), "lost": look.lost}
        if look.accuracy is not None:
            brief["accuracy"] = look.accuracy.value
        return brief | ({} if self.page is None else {"page": self.page})
