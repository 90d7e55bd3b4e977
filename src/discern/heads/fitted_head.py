"""A fitted head, and the answers of several to what each had not seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from discern.bundle.heads import Head, UnknownScorer
from discern.heads.feature_space import Features, in_blocks


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """What was said to the pictures that a head was chosen by, by heads that had not learned them.

    Attributes:
        positions: int `[n]`, of these pictures among all.
        probabilities: float32 `[n, K]`, calibrated.
        unknown_score: float32 `[n]`.
    """

    positions: np.ndarray
    probabilities: np.ndarray
    unknown_score: np.ndarray

    @classmethod
    def nothing(cls, classes: int) -> Self:
        """No picture was held out."""
        none = np.zeros(0, np.float32)
        return cls(
            positions=np.zeros(0, np.int64), probabilities=np.zeros((0, classes), np.float32), unknown_score=none
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedHead:
    """A head and its unknown score, ready to ship.

    Attributes:
        head: features to calibrated probabilities.
        unknown: features and logits to an unknown score.
        temperature: what the logits were divided by; in `head` already.
        t_unknown: the unknown score above which a picture counts as unknown.
        chosen: what was chosen and why, JSON-ready.
        held_out: the answers that it was chosen by.
        negative_excess: float64 `[M]`, how far each negative is above a threshold that was tuned without its group;
            None where there are no negatives.
    """

    head: Head
    unknown: UnknownScorer
    temperature: float
    t_unknown: float
    chosen: dict[str, Any]
    held_out: HeldOut
    negative_excess: np.ndarray | None = None

    def probabilities(self, features: Features) -> np.ndarray:
        """Calibrated probabilities float32 `[N, K]` of features `[N, D]`; at most 1e-6 for a class not learned."""
        return predict_in_blocks(features, self.head.probabilities)

    def uncalibrated(self, features: Features) -> np.ndarray:
        """Probabilities float32 `[N, K]` before the temperature."""
        return predict_in_blocks(features, lambda some: self.head.uncalibrated(some, self.temperature))

    def unknown_score(self, features: Features) -> np.ndarray:
        """Larger is stranger: float32 `[N]`."""
        return predict_in_blocks(features, lambda some: self.unknown.score(some, self.head.logits(some)))

    def unknown_json(self) -> dict[str, Any]:
        """How strangers are told, for the bundle's record."""
        return {**self.chosen["unknown"], "threshold": self.t_unknown, "bytes": self.unknown.nbytes}


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossFit:
    """Answers to each picture from a head that had learned, and chosen, without its fold.

    Attributes:
        probabilities: float32 `[N, K]`, calibrated; NaN for pictures in no held fold.
        uncalibrated: float32 `[N, K]`, before the temperature; NaN likewise.
        unknown_score: float32 `[N]`; NaN likewise.
        t_unknown: float64 `[N]`, the threshold of the head that answered; NaN likewise.
        chosen: what each fold's head chose, JSON-ready.
    """

    probabilities: np.ndarray
    uncalibrated: np.ndarray
    unknown_score: np.ndarray
    t_unknown: np.ndarray
    chosen: list[dict[str, Any]]


def predict_in_blocks(features: Features, answer: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Answer a few thousand rows at a time."""
    if len(features) == 0:
        return answer(np.zeros(features.shape, np.float32))
    return np.concatenate([answer(some) for _, some in in_blocks(features)])
