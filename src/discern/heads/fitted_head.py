"""Fitted classifier heads and the results of nested cross-validation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from discern.bundle.heads import AnyHead, UnknownScorer
from discern.heads.feature_space import Features, iter_blocks


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """Predictions on held-out images, used to select and calibrate a head.

    Attributes:
        positions: int `[n]`, positions of these pictures among all.
        probabilities: float32 `[n, K]`, calibrated.
        unknown_score: float32 `[n]`.
    """

    positions: np.ndarray
    probabilities: np.ndarray
    unknown_score: np.ndarray

    @classmethod
    def empty(cls, classes: int) -> Self:
        """Return predictions for zero images and the given number of classes."""
        none = np.zeros(0, np.float32)
        return cls(
            positions=np.zeros(0, np.int64), probabilities=np.zeros((0, classes), np.float32), unknown_score=none
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedHead:
    """Calibrated classifier head with an out-of-distribution score.

    Attributes:
        head: from features to calibrated probabilities.
        unknown: from features and logits to an unknown score.
        temperature: the temperature that the probabilities of `head` already include.
        t_unknown: the unknown score above which a picture is classified as unknown.
        chosen: the selected candidates and their scores, JSON-ready.
        held_out: the predictions that the selection used.
        negative_excess: float64 `[M]`, unknown score of each negative minus the threshold, both tuned without its
            group; None without negatives.
    """

    head: AnyHead
    unknown: UnknownScorer
    temperature: float
    t_unknown: float
    chosen: dict[str, Any]
    held_out: HeldOut
    negative_excess: np.ndarray | None = None

    def corrected(self, correction: float) -> "FittedHead":
        """Create a head whose temperature is multiplied by a correction; its unknown score does not change."""
        temperature = self.temperature * correction
        return replace(
            self,
            head=replace(self.head, correction=self.head.correction * correction),
            temperature=temperature,
            chosen=self.chosen | {"temperature": temperature, "temperature_correction": correction},
        )

    def probabilities(self, features: Features) -> np.ndarray:
        """Compute calibrated class probabilities from features.

        Returns:
            float32 `[N, K]` for features `[N, D]`; at most 1e-6 for a class without training pictures.
        """
        return predict_in_blocks(features, self.head.probabilities)

    def uncalibrated(self, features: Features) -> np.ndarray:
        """Compute class probabilities before temperature scaling."""
        return predict_in_blocks(features, lambda block: self.head.uncalibrated(block, self.temperature))

    def unknown_score(self, features: Features) -> np.ndarray:
        """Compute out-of-distribution scores, which grow with the distance from the training images."""
        return predict_in_blocks(features, lambda block: self.unknown.score(block, self.head.logits(block)))

    def unknown_json(self) -> dict[str, Any]:
        """Return the out-of-distribution settings for a bundle manifest as JSON-serialisable values."""
        return {**self.chosen["unknown"], "threshold": self.t_unknown, "bytes": self.unknown.nbytes}


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossFit:
    """Out-of-fold predictions of a nested cross-validation.

    Each fold is predicted by a head that was fitted and selected without it.

    Attributes:
        probabilities: float32 `[N, K]`, calibrated; NaN for pictures of no outer fold.
        uncalibrated: float32 `[N, K]`, before temperature scaling; NaN likewise.
        unknown_score: float32 `[N]`; NaN likewise.
        t_unknown: float64 `[N]`, the threshold of the fold's head; NaN likewise.
        chosen: the selection of each outer fold, JSON-ready.
    """

    probabilities: np.ndarray
    uncalibrated: np.ndarray
    unknown_score: np.ndarray
    t_unknown: np.ndarray
    chosen: list[dict[str, Any]]


def predict_in_blocks(features: Features, predict: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Apply a prediction function to features in batches."""
    if len(features) == 0:
        return predict(np.zeros(features.shape, np.float32))
    return np.concatenate([predict(block) for _, block in iter_blocks(features)])
