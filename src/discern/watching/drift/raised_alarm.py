"""Alarm of drift that was raised, with the exchanges that show it best."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from discern.watching.looks.look import Alarm

MOST_EXAMPLES = 12
"""Number of examples of an alarm; not tuned."""

PICTURES = "pictures"
"""Kind of the alarm of the two-sample classifier."""

_CHANGES = {
    ("unknown", 1): "Pictures look less like the training pictures",
    ("confidence", -1): "Predictions are less confident",
    ("distance", 1): "Pictures differ more from the training pictures of their class",
    ("brightness", 1): "Pictures are brighter",
    ("brightness", -1): "Pictures are darker",
    ("sharpness", 1): "Pictures are sharper",
    ("sharpness", -1): "Pictures are less sharp",
    ("size", 1): "Pictures are larger",
    ("size", -1): "Pictures are smaller",
    (
        PICTURES,
        1,
    ): "Pictures look different: a classifier learned to tell them from the held-out pictures of the training",
}


@dataclass
class RaisedAlarm:
    """Alarm of drift that was raised.

    Attributes:
        kind: a signal, or `PICTURES`.
        side: direction of the change, 1 for larger values.
        start: position of the first exchange of the change among the independent ones, estimated.
        since: its time, seconds since 1970 UTC.
        against: odds of the test when the alarm was raised.
        after: number of independent exchanges until then.
        found: its examples: how extreme each is, its identifier, and its evidence, the most extreme first.
        median: median of the signal since then, when the alarm was raised; None for `PICTURES`.
        reference: median of the signal in the reference; None for `PICTURES`.
    """

    kind: str
    side: int
    start: int
    since: float
    against: float
    after: int
    median: float | None = None
    reference: float | None = None
    found: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)

    def merge(self, found: list[tuple[float, str, dict[str, Any]]]) -> None:
        """Keep the most extreme examples of those that were found before and now."""
        known = {each[1]: each for each in [*self.found, *found]}
        self.found = sorted(known.values(), key=lambda each: (-each[0], each[1]))[:MOST_EXAMPLES]

    def to_alarm(self, *, threshold: float) -> Alarm:
        """Return the alarm as others see it.

        Args:
            threshold: odds at which it was raised.
        """
        since = datetime.fromtimestamp(self.since, UTC).isoformat(timespec="seconds")
        evidence: dict[str, Any] = {"against": self.against, "threshold": threshold, "exchanges": self.after}
        message = f"{_CHANGES[self.kind, self.side]} since about {since}"
        if self.median is not None and self.reference is not None:
            evidence |= {"median": self.median, "reference": self.reference, "side": self.side}
            message += f": their median is {self.median:.3g} instead of {self.reference:.3g}"
        else:
            evidence["nearest"] = [each[2] for each in self.found]
        examples = tuple(each[1] for each in self.found)
        return Alarm(kind=self.kind, since=since, evidence=evidence, examples=examples, message=f"{message}.")

    def to_json(self) -> dict[str, Any]:
        """Return the alarm as a JSON-serialisable dictionary."""
        return asdict(self)

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> "RaisedAlarm":
        """Create an alarm from what `to_json` returned."""
        return cls(**state | {"found": [(float(extreme), str(name), seen) for extreme, name, seen in state["found"]]})
