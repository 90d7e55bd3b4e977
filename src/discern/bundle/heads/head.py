"""Head protocol: from an embedding to calibrated class probabilities."""

from typing import Protocol

import numpy as np

from discern.bundle.heads.embedding_blocks import Span

# Logit of a class without training pictures, among centred logits: its probability is at most exp(ABSENT), but not 0.
ABSENT = -14.0


class Head(Protocol):
    """Classifier on embeddings, with calibrated probabilities of K classes."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Start and end of the embedding's blocks, "head" first."""

    @property
    def classes(self) -> int:
        """Number of classes, K."""

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated logits, float32 `[N, K]`, from features `[N, D]`."""

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated probabilities, float32 `[N, K]` with rows summing to 1, from features `[N, D]`."""

    def uncalibrated(self, features: np.ndarray, temperature: float) -> np.ndarray:
        """Compute probabilities, float32 `[N, K]`, without the temperature that the head includes."""

    def evidence(self, features: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Compute the evidence map: the change of each logit if the whole picture looked like one place of it.

        Args:
            features: `[N, D]`.
            places: feature map `[N, h, w, C]`, whose mean is the block "head".

        Returns:
            float32 `[N, h, w, K]`.
        """
