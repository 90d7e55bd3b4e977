"""Predictions of an image classifier, and the thresholds that accept, review or reject them as unknown."""

import math
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.bundle.prediction_message import Decision, compose_message, compose_spoken, describe_missing_policy
from discern.bundle.prediction_sets import PROBABILITY_TOLERANCE, are_distributions, label_sets, median_label
from discern.display.displayed import Displayed

if TYPE_CHECKING:
    from discern.display.html_card import HtmlCard

LOWEST_CONFIDENCE = 0.5
"""Lowest confidence that a threshold of acceptance is set to in training; not tuned."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Decision thresholds that accept a prediction, send it to review or mark the image as unknown.

    A prediction whose confidence is not in [0, 1], or whose score is not finite, is always unknown.

    Attributes:
        unknown: unknown score above which a picture is unknown; None for never.
        accept: confidence in [0, 1] from which a prediction is accepted; None for never.
        false_rejection: share of known pictures that `unknown` was tuned to reject.
        label_set: probability from which a label is in the prediction set; None for no sets.
    """

    unknown: float | None = None
    accept: float | None = None
    false_rejection: float | None = None
    label_set: float | None = None

    def decide(self, confidence: float, unknown_score: float) -> Decision:
        """Decide between accept, review and unknown for one prediction.

        Unknown has precedence over accept, and review is the rest.

        >>> Thresholds(unknown=2.0, accept=0.9).decide(0.95, 3.0)
        'unknown'
        >>> Thresholds(unknown=2.0, accept=0.9).decide(0.95, 1.0)
        'accept'
        >>> Thresholds(unknown=2.0).decide(0.95, 1.0)
        'review'
        >>> Thresholds(accept=0.9).decide(0.95, math.nan)
        'unknown'
        """
        valid = -PROBABILITY_TOLERANCE <= confidence <= 1 + PROBABILITY_TOLERANCE  # False for NaN
        if not (valid and math.isfinite(unknown_score)):
            return "unknown"
        if self.unknown is not None and unknown_score > self.unknown:
            return "unknown"
        if self.accept is not None and confidence >= self.accept:
            return "accept"
        return "review"


def decide_all(
    probabilities: np.ndarray,
    unknown_score: np.ndarray,
    *,
    unknown: np.ndarray,
    accept: float | None,
    unjudged: np.ndarray | None = None,
) -> np.ndarray:
    """Decide between accept, review and unknown for many predictions.

    Each image has its own threshold for unknown, see `Thresholds.decide`. It is unknown if its probabilities are not a
    distribution.

    Args:
        probabilities: float `[N, K]`.
        unknown_score: float `[N]`.
        unknown: float `[N]`, unknown score above which each picture is unknown.
        accept: confidence from which a prediction is accepted; None for never.
        unjudged: bool `[K]`, labels that are never accepted, see `predict_one`; None for none.

    Returns:
        Decisions, str `[N]`.
    """
    known = are_distributions(probabilities) & np.isfinite(unknown_score) & (unknown_score <= unknown)
    confident = np.zeros(len(known), bool) if accept is None else probabilities.max(axis=1).astype(float) >= accept
    if unjudged is not None and len(known):
        confident &= ~unjudged[np.where(np.isnan(probabilities), -np.inf, probabilities).argmax(axis=1)]
    return np.select([~known, confident], ["unknown", "accept"], "review")


@dataclass(frozen=True, kw_only=True)
class DisplayName:
    """Names and destination that a prediction shows in place of its class label.

    Attributes:
        name: name in print; empty for the label itself.
        spoken: name in speech; empty for `name`.
        route: destination of accepted items, such as "loading bay 2"; empty for none.
    """

    name: str = ""
    spoken: str = ""
    route: str = ""


@dataclass(frozen=True, kw_only=True)
class LabelNames:
    """Display names and ordinal values of the class labels of a model.

    Attributes:
        display_names: display names by label; labels without one are shown as they are.
        scale: value of each label, see `order_scale`; None for labels without an order.
    """

    display_names: Mapping[str, DisplayName] = field(default_factory=dict)
    scale: tuple[float, ...] | None = None

    def name(self, label: str) -> str:
        """Return the printed name of a class label."""
        return self.display_names.get(label, _NO_DISPLAY_NAME).name or label

    def spoken(self, label: str) -> str:
        """Return the spoken name of a class label."""
        return self.display_names.get(label, _NO_DISPLAY_NAME).spoken or self.name(label)

    def route(self, label: str) -> str | None:
        """Return the destination of images with a class label, or None."""
        return self.display_names.get(label, _NO_DISPLAY_NAME).route or None


_NO_DISPLAY_NAME = DisplayName()
_MOST_SHOWN = 5
_NO_LABEL_NAMES = LabelNames()


@dataclass(frozen=True, kw_only=True, repr=False)
class Prediction(Displayed):
    """Prediction of an image classifier for one image.

    It is the same from Python, the command line and every endpoint.

    Attributes:
        label: most probable class, whatever the decision.
        decision: `accept`, `review` (show it to a person) or `unknown` (none of the classes).
        confidence: calibrated probability of `label`, in [0, 1].
        probabilities: calibrated probability of every label; they sum to 1.
        set: labels of the prediction set; None if the model has none.
        unknown_score: distance from the training pictures; larger is farther.
        order_value: for ordered labels the position (from 0), or the number, of the median label, whose expected
            distance in labels is smallest; None for other labels.
        looks_like: most probable class, if the decision is `unknown`; else None.
        name: display name of `label`; None for a model without display names.
        spoken: the prediction as a spoken sentence; None likewise.
        route: destination for this label, if the decision is `accept`; else None.
        message: the prediction in one plain sentence.
        model: name, version and fingerprint of the model.
        id: unique identifier of this prediction.
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
        """Convert the prediction to the JSON object that all endpoints return.

        `order_value` is present for ordered labels only; `name`, `spoken` and `route` for models with display names.
        A number that is not finite, which JSON does not have, is null.
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

    def _brief(self) -> dict[str, Any]:
        return {"label": self.label, "decision": self.decision, "confidence": self.confidence}

    def _to_card(self) -> "HtmlCard":
        from discern.display.html_card import HtmlCard  # noqa: PLC0415 - in notebooks only

        card = HtmlCard(f"Discern · {self.decision}", self.name or self.label).text(self.message)
        finite = {label: share for label, share in self.probabilities.items() if math.isfinite(share)}
        likely = sorted(finite.items(), key=lambda each: -each[1])[:_MOST_SHOWN]
        return card.bars([(label, share, f"{100 * share:.1f} %") for label, share in likely])


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def predict_one(
    probabilities: Mapping[str, float],
    unknown_score: float,
    *,
    thresholds: Thresholds,
    model: Mapping[str, str],
    label_names: LabelNames = _NO_LABEL_NAMES,
    unjudged: Collection[str] = (),
    policy: Mapping[str, Any] | None = None,
) -> Prediction:
    """Build the prediction for one image from its class probabilities and out-of-distribution score.

    The decision is unknown unless the probabilities are a distribution: numbers in [0, 1] that sum to 1, within
    rounding.

    Args:
        probabilities: probability of each label.
        unknown_score: distance from the training pictures.
        thresholds: thresholds of the decision.
        model: name, version and fingerprint of the model.
        label_names: display names of the labels.
        unjudged: labels whose accuracy could not be measured; they are never accepted.
        policy: the accept policy, for the message of a model that accepts nothing; None without an error limit.
    """
    label = max(probabilities, key=lambda name: -math.inf if math.isnan(probabilities[name]) else probabilities[name])
    confidence = probabilities[label]
    row = np.array([list(probabilities.values())])
    decision = thresholds.decide(confidence, unknown_score) if are_distributions(row)[0] else "unknown"
    if decision == "accept" and label in unjudged:
        decision = "review"
    caveat = describe_missing_policy(policy) if thresholds.accept is None else ""
    spoken = compose_spoken(label_names.spoken(label), decision, confidence, caveat=caveat)
    return Prediction(
        label=label,
        decision=decision,
        confidence=confidence,
        probabilities=dict(probabilities),
        set=_label_set(probabilities, row, thresholds.label_set),
        unknown_score=unknown_score,
        order_value=None if label_names.scale is None else label_names.scale[int(median_label(row)[0])],
        looks_like=label if decision == "unknown" else None,
        name=label_names.name(label) if label_names.display_names else None,
        spoken=spoken if label_names.display_names else None,
        route=label_names.route(label) if decision == "accept" else None,
        message=compose_message(label_names.name(label), decision, confidence, caveat=caveat),
        model=dict(model),
    )


def _label_set(labels: Mapping[str, float], row: np.ndarray, threshold: float | None) -> tuple[str, ...] | None:
    if threshold is None:
        return None
    return tuple(label for label, inside in zip(labels, label_sets(row, threshold)[0], strict=True) if inside)
