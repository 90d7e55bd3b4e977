"""Classifier head protocol."""

from typing import Protocol

import numpy as np

from discern.bundle.heads.embedding_blocks import Span

# Logit of a class without training pictures, among centred logits: its probability is at most exp(ABSENT), but not 0.
ABSENT = -14.0


class Head(Protocol):
    """Classifier head that maps embeddings to calibrated class probabilities."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Column ranges of the embedding blocks, "head" first."""

    @property
    def classes(self) -> int:
        """Number of classes K."""

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated logits, float32 `[N, K]`, from embeddings `[N, D]`."""

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated class probabilities, float32 `[N, K]`, from embeddings `[N, D]`."""

    def uncalibrated(self, features: np.ndarray, temperature: float) -> np.ndarray:
        """Compute class probabilities without temperature scaling.

        Args:
            features: `[N, D]`.
            temperature: calibration temperature that the head includes.

        Returns:
            float32 `[N, K]`.
        """

    def evidence(self, features: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Compute class evidence maps.

        A value is the change of a logit if the whole picture looked like one place of it.

        Args:
            features: `[N, D]`.
            places: feature map `[N, h, w, C]`, whose mean is the block "head".

        Returns:
            float32 `[N, h, w, K]`.
        """
