"""Protocol of classifier heads, which map image embeddings to class probabilities."""

from typing import Protocol

import numpy as np

from discern.bundle.heads.embedding_blocks import Span

# Logit of a class without training pictures, among centred logits: its probability is at most exp(ABSENT), but not 0.
ABSENT = -14.0


class Head(Protocol):
    """Protocol of a classifier head that maps image embeddings to calibrated class probabilities."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Return the column ranges of the embedding blocks, the block "head" first."""

    @property
    def classes(self) -> int:
        """Return the number of classes that the head predicts."""

    @property
    def centre(self) -> np.ndarray | None:
        """Return what is subtracted from the unit-length blocks after the first, or None.

        It is float32 `[D]`, see `unit_blocks`.
        """

    @property
    def logit_factors(self) -> np.ndarray:
        """Return the factors of the logits before the softmax, float32 `[K]`.

        They correct the temperature; the logits themselves, evidence and unknown score are not changed. The factor of a
        class without training pictures is 1.
        """

    @property
    def correction(self) -> float:
        """Return the positive divisor of the logits before the softmax, which corrects the temperature."""

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated class logits from embeddings, before the correction of the temperature.

        Maps `[N, D]` to float32 `[N, K]`.
        """

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated class probabilities from embeddings.

        Maps `[N, D]` to float32 `[N, K]`.
        """

    def uncalibrated(self, features: np.ndarray, temperature: float) -> np.ndarray:
        """Compute class probabilities from embeddings without temperature scaling.

        Args:
            features: `[N, D]`.
            temperature: calibration temperature that the probabilities include.

        Returns:
            float32 `[N, K]`.
        """

    def evidence(self, features: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Compute maps of the image evidence for each class.

        A value is the change of a logit if the whole picture looked like one place of it.

        Args:
            features: `[N, D]`.
            places: feature map `[N, h, w, C]`, whose mean is the block "head".

        Returns:
            float32 `[N, h, w, K]`.
        """
