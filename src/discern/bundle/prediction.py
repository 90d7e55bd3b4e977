"""What a model answers about one picture, and how it decides."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Decision = Literal["accept", "review", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Where the decision changes.

    Attributes:
        unknown: pictures whose unknown score is above this are strangers; None: nothing is.
        accept: a confidence in [0, 1] from which an answer stands without a person; None: none does.
        false_rejection: the share of known pictures that `unknown` was set to turn away.
    """

    unknown: float | None = None
    accept: float | None = None
    false_rejection: float | None = None

    def decide(self, confidence: float, unknown_score: float) -> Decision:
        """Say what becomes of an answer: a stranger first, then sure enough, else a person.

        >>> Thresholds(unknown=2.0, accept=0.9).decide(0.95, 3.0)
        'unknown'
        >>> Thresholds(unknown=2.0, accept=0.9).decide(0.95, 1.0)
        'accept'
        >>> Thresholds(unknown=2.0).decide(0.95, 1.0)
        'review'
        """
        if self.unknown is not None and unknown_score > self.unknown:
            return "unknown"
        if self.accept is not None and confidence >= self.accept:
            return "accept"
        return "review"


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One answer; the same from every door.

    Attributes:
        label: the most probable class, whatever the decision.
        decision: `accept`, `review` (ask a person) or `unknown` (none of these).
        confidence: the calibrated probability of `label`, in [0, 1].
        probabilities: every label's calibrated probability; they sum to 1.
        set: the labels of the conformal set, or None where the model has none.
        unknown_score: how strange the picture is; larger is stranger.
        looks_like: the label it looks most like, where the decision is `unknown`.
        message: the answer in one plain sentence.
        model: name, version and fingerprint of the model that answered.
        id: different for every answer.
    """

    label: str
    decision: Decision
    confidence: float
    probabilities: dict[str, float]
    set: tuple[str, ...] | None = None
    unknown_score: float
    looks_like: str | None = None
    message: str
    model: dict[str, str]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def to_json(self) -> dict[str, Any]:
        """The JSON object that every door gives."""
        return {
            "label": self.label,
            "decision": self.decision,
            "confidence": self.confidence,
            "probabilities": dict(self.probabilities),
            "set": None if self.set is None else list(self.set),
            "unknown_score": self.unknown_score,
            "looks_like": self.looks_like,
            "message": self.message,
            "model": dict(self.model),
            "id": self.id,
        }


def predict_one(
    probabilities: Mapping[str, float], unknown_score: float, *, thresholds: Thresholds, model: Mapping[str, str]
) -> Prediction:
    """Turn one picture's figures into an answer."""
    label = max(probabilities, key=lambda name: probabilities[name])
    confidence = probabilities[label]
    decision = thresholds.decide(confidence, unknown_score)
    return Prediction(
        label=label,
        decision=decision,
        confidence=confidence,
        probabilities=dict(probabilities),
        unknown_score=unknown_score,
        looks_like=label if decision == "unknown" else None,
        message=say(label, decision, confidence),
        model=dict(model),
    )


def say(label: str, decision: Decision, confidence: float) -> str:
    """The answer in one plain sentence.

    >>> say("ripe banana", "review", 0.613)
    'This looks like "ripe banana" (61 %), but please have a look.'
    """
    if decision == "unknown":
        return f'This is not one of the things I know; it looks most like "{label}".'
    percent = f"{100 * confidence:.0f} %"
    if decision == "accept":
        return f'This is "{label}" ({percent}).'
    return f'This looks like "{label}" ({percent}), but please have a look.'
