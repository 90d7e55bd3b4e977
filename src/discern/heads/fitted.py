"""A fitted head, and the answers of several to what each had not seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from discern.bundle.parts import Head, UnknownScorer
from discern.heads.spaces import Features, in_blocks


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedHead:
    """A head and its unknown score, ready to ship.

    Attributes:
        head: features to calibrated probabilities.
        unknown: features and logits to an unknown score.
        temperature: what the logits were divided by; in `head` already.
        t_unknown: the unknown score above which a picture counts as unknown.
        chosen: what was chosen and why, JSON-ready.
    """

    head: Head
    unknown: UnknownScorer
    temperature: float
    t_unknown: float
    chosen: dict[str, Any]

    def probabilities(self, features: Features) -> np.ndarray:
        """Calibrated probabilities float32 `[N, K]` of features `[N, D]`; at most 1e-6 for a class not learned."""
        return answer_in_blocks(features, self.head.probabilities)

    def uncalibrated(self, features: Features) -> np.ndarray:
        """Probabilities float32 `[N, K]` before the temperature."""
        return answer_in_blocks(features, lambda some: self.head.uncalibrated(some, self.temperature))

    def unknown_score(self, features: Features) -> np.ndarray:
        """Larger is stranger: float32 `[N]`."""
        return answer_in_blocks(features, lambda some: self.unknown.score(some, self.head.logits(some)))

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Opinions:
    """What is said to each picture by a head that had learned without its fold.

    Attributes:
        probabilities: float32 `[N, K]`, calibrated; NaN for pictures in no held fold.
        unknown_score: float32 `[N]`; NaN likewise, and everywhere where strangers were not asked for.
    """

    probabilities: np.ndarray
    unknown_score: np.ndarray


def answer_in_blocks(features: Features, answer: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Answer a few thousand rows at a time."""
    if len(features) == 0:
        return answer(np.zeros(features.shape, np.float32))
    return np.concatenate([answer(some) for _, some in in_blocks(features)])
