"""What a model answers about one picture, and how it decides."""

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from discern.bundle.prediction_sets import label_sets, median_label

Decision = Literal["accept", "review", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Where the decision changes; what is no finite number is unknown whatever they are.

    Attributes:
        unknown: pictures whose unknown score is above this are strangers; None: nothing is.
        accept: a confidence in [0, 1] from which an answer stands without a person; None: none does.
        false_rejection: the share of known pictures that `unknown` was set to turn away.
        label_set: the probability from which a label is in an answer's set; None: answers have no set.
    """

    unknown: float | None = None
    accept: float | None = None
    false_rejection: float | None = None
    label_set: float | None = None

    def decide(self, confidence: float, unknown_score: float) -> Decision:
        """Say what becomes of an answer: a stranger first, then sure enough, else a person.

        >>> Thresholds(unknown=2.0, accept=0.9).decide(0.95, 3.0)
        'unknown'
        >>> Thresholds(unknown=2.0, accept=0.9).decide(0.95, 1.0)
        'accept'
        >>> Thresholds(unknown=2.0).decide(0.95, 1.0)
        'review'
        >>> Thresholds(accept=0.9).decide(0.95, math.nan)
        'unknown'
        """
        if not (math.isfinite(confidence) and math.isfinite(unknown_score)):
            return "unknown"
        if self.unknown is not None and unknown_score > self.unknown:
            return "unknown"
        if self.accept is not None and confidence >= self.accept:
            return "accept"
        return "review"


def decide_all(
    probabilities: np.ndarray, unknown_score: np.ndarray, *, unknown: np.ndarray, accept: float | None
) -> np.ndarray:
    """Decide on many answers as `Thresholds.decide` does on one, each by an unknown threshold of its own.

    Args:
        probabilities: float `[N, K]`.
        unknown_score: float `[N]`.
        unknown: float `[N]`, above which a score is a stranger's.
        accept: the confidence from which an answer stands; None: none does.

    Returns:
        Each one's `Decision`, str `[N]`.
    """
    finite = np.isfinite(probabilities).all(axis=1) & np.isfinite(unknown_score)
    known = finite & (unknown_score <= unknown)
    sure = np.zeros(len(known), bool) if accept is None else probabilities.max(axis=1) >= accept
    return np.select([~known, sure], ["unknown", "accept"], "review")


@dataclass(frozen=True, kw_only=True)
class DisplayName:
    """What people call a label, and where a thing of it goes.

    Attributes:
        name: in print; "": the label itself.
        spoken: aloud; "": as in print.
        route: a destination, such as "loading bay 2"; "": none.
    """

    name: str = ""
    spoken: str = ""
    route: str = ""


@dataclass(frozen=True, kw_only=True)
class LabelNames:
    """How answers are worded.

    Attributes:
        words: those of some labels.
        scale: for labels whose order means something each one's place or number, in the labels' order; else None.
    """

    words: Mapping[str, DisplayName] = field(default_factory=dict)
    scale: tuple[float, ...] | None = None

    def name(self, label: str) -> str:
        """What a label is called in print."""
        return self.words.get(label, _WORDLESS).name or label

    def spoken(self, label: str) -> str:
        """What a label is called aloud."""
        return self.words.get(label, _WORDLESS).spoken or self.name(label)

    def route(self, label: str) -> str | None:
        """Where a thing of a label goes."""
        return self.words.get(label, _WORDLESS).route or None


_WORDLESS = DisplayName()
_PLAIN = LabelNames()


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
        order_value: for ordered labels the place (from 0), or the number, of the label in the middle of the
            probability; no other answer is fewer steps off on average. None for other labels.
        looks_like: the label it looks most like, where the decision is `unknown`.
        name: what people call `label`; None where the model has not been told.
        spoken: the answer as it is said aloud; None likewise.
        route: where a thing of this label goes; only an `accept` has one.
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
    order_value: float | None = None
    looks_like: str | None = None
    name: str | None = None
    spoken: str | None = None
    route: str | None = None
    message: str
    model: dict[str, str]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def to_json(self) -> dict[str, Any]:
        """The JSON object that every door gives.

        `order_value` is there for ordered labels alone; `name`, `spoken` and `route` where the model has been told
        what people call its labels. A number that is not finite, which JSON does not have, is null.
        """
        plain = {
            "label": self.label,
            "decision": self.decision,
            "confidence": _finite(self.confidence),
            "probabilities": {label: _finite(each) for label, each in self.probabilities.items()},
            "set": None if self.set is None else list(self.set),
            "unknown_score": _finite(self.unknown_score),
            "looks_like": self.looks_like,
            "message": self.message,
            "model": dict(self.model),
            "id": self.id,
        }
        if self.order_value is not None:
            plain["order_value"] = _finite(self.order_value)
        if self.name is not None:
            plain |= {"name": self.name, "spoken": self.spoken, "route": self.route}
        return plain


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def predict_one(
    probabilities: Mapping[str, float],
    unknown_score: float,
    *,
    thresholds: Thresholds,
    model: Mapping[str, str],
    language: LabelNames = _PLAIN,
) -> Prediction:
    """Turn one picture's figures into an answer; with a probability that is no finite number it is unknown."""
    label = max(probabilities, key=lambda name: -math.inf if math.isnan(probabilities[name]) else probabilities[name])
    confidence = probabilities[label]
    finite = all(map(math.isfinite, probabilities.values()))
    decision = thresholds.decide(confidence, unknown_score) if finite else "unknown"
    row = np.array([list(probabilities.values())])
    return Prediction(
        label=label,
        decision=decision,
        confidence=confidence,
        probabilities=dict(probabilities),
        set=_label_set(probabilities, row, thresholds.label_set),
        unknown_score=unknown_score,
        order_value=None if language.scale is None else language.scale[int(median_label(row)[0])],
        looks_like=label if decision == "unknown" else None,
        name=language.name(label) if language.words else None,
        spoken=compose_spoken(language.spoken(label), decision, confidence) if language.words else None,
        route=language.route(label) if decision == "accept" else None,
        message=compose_message(language.name(label), decision, confidence),
        model=dict(model),
    )


def _label_set(labels: Mapping[str, float], row: np.ndarray, threshold: float | None) -> tuple[str, ...] | None:
    if threshold is None:
        return None
    return tuple(label for label, inside in zip(labels, label_sets(row, threshold)[0], strict=True) if inside)


def compose_message(name: str, decision: Decision, confidence: float) -> str:
    """The answer in one plain sentence.

    >>> compose_message("ripe banana", "review", 0.613)
    'This looks like "ripe banana" (61 %), but please have a look.'
    """
    if decision == "unknown":
        return f'This is not one of the things I know; it looks most like "{name}".'
    if decision == "accept":
        return f'This is "{name}" ({_percent(confidence)} %).'
    return f'This looks like "{name}" ({_percent(confidence)} %), but please have a look.'


def compose_spoken(name: str, decision: Decision, confidence: float) -> str:
    """The answer as one says it to somebody who does not look at the screen.

    >>> compose_spoken("a chair", "accept", 0.97)
    'a chair, 97 percent sure'
    """
    if decision == "unknown":
        return f"none of the things I know; most like {name}"
    if decision == "accept":
        return f"{name}, {_percent(confidence)} percent sure"
    return f"perhaps {name}, {_percent(confidence)} percent; please check"


def _percent(confidence: float) -> str:
    """Whole percents that never claim more than is known: nothing below one is 100.

    >>> _percent(0.996)
    'over 99'
    """
    return "over 99" if 0.995 <= confidence < 1 else f"{100 * confidence:.0f}"
