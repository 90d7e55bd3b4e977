"""Protocol of a classifier head, which maps embeddings to class probabilities."""

from typing import Protocol

import numpy as np

from discern.bundle.heads.embedding_blocks import Span

# Logit of a class without training pictures, among centred logits: its probability is at most exp(ABSENT), but not 0.
ABSENT = -14.0


class Head(Protocol):
    """Classifier that maps embeddings to calibrated probabilities of K classes."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Start and end column of each embedding block.

        The block "head" comes first.
        """

    @property
    def classes(self) -> int:
        """Number of classes, K."""

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated logits from embeddings.

        Maps `[N, D]` to float32 `[N, K]`.
        """

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated class probabilities from embeddings.

        Maps `[N, D]` to float32 `[N, K]` with rows summing to 1.
        """

    def uncalibrated(self, features: np.ndarray, temperature: float) -> np.ndarray:
        """Compute class probabilities without the calibration temperature.

        `temperature` is the one that the head includes. Maps `[N, D]` to float32 `[N, K]`.
        """

    def evidence(self, features: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Compute the evidence map, which shows where in a picture each class is supported.

        A value is the change of a logit if the whole picture looked like one place of it.

        Args:
            features: `[N, D]`.
            places: feature map `[N, h, w, C]`, whose mean is the block "head".

        Returns:
            float32 `[N, h, w, K]`.
        """
