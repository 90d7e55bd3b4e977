"""Linear softmax classifier head for image embeddings."""

from dataclasses import dataclass

import numpy as np

from discern.bundle.heads.embedding_blocks import Span, check_array, check_spans, first_block_length, unit_blocks
from discern.bundle.heads.head import ABSENT
from discern.bundle.heads.logits import check_correction, softmax


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearHead:
    """Linear softmax classifier head on normalised embedding blocks.

    Attributes:
        spans: start and end of the embedding's blocks, "head" first.
        weight: float32 `[D, K]`, divided by the temperature.
        bias: float32 `[K]`, divided by the temperature.
        centre: float32 `[D]`, subtracted from the unit-length blocks after the first, see `unit_blocks`; or None.
        correction: positive divisor of the logits before the softmax, which corrects the temperature.
    """

    spans: tuple[Span, ...]
    weight: np.ndarray
    bias: np.ndarray
    centre: np.ndarray | None = None
    correction: float = 1.0

    def __post_init__(self) -> None:
        check_spans(self.spans)
        check_array("weight", self.weight, (self.spans[-1][1], None))
        check_array("bias", self.bias, (self.weight.shape[1],))
        if self.centre is not None:
            check_array("centre", self.centre, (self.spans[-1][1],))
        check_correction(self.correction)

    @property
    def classes(self) -> int:
        """Return the number of classes that the head predicts."""
        return int(self.weight.shape[1])

    @property
    def map_weight(self) -> np.ndarray:
        """Return the weights of the block "head", which also apply to the feature map.

        The result is float32 `[C, K]`.
        """
        start, end = self.spans[0]
        return self.weight[start:end]

    @property
    def logit_factors(self) -> np.ndarray:
        """Return the factors of the logits before the softmax (see `Head.logit_factors`)."""
        return np.where(self._present, 1 / self.correction, 1.0).astype(np.float32)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated class logits from embeddings (see `Head.logits`)."""
        logits: np.ndarray = unit_blocks(features, self.spans, self.centre) @ self.weight + self.bias
        return logits

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated class probabilities from embeddings (see `Head.probabilities`)."""
        return softmax(self.logits(features) * self.logit_factors)

    def uncalibrated(self, features: np.ndarray, temperature: float) -> np.ndarray:
        """Compute class probabilities without temperature scaling (see `Head.uncalibrated`)."""
        logits, factor = self.logits(features), np.float32(temperature / self.correction)
        return softmax(np.where(self._present, logits * factor, logits))

    @property
    def _present(self) -> np.ndarray:
        absent: np.ndarray = (self.bias == np.float32(ABSENT)) & ~self.weight.any(axis=0)
        return ~absent

    def evidence(self, features: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Compute maps of the image evidence for each class (see `Head.evidence`).

        Their mean is the share of the block "head" in the logits.
        """
        evidence: np.ndarray = places @ self.map_weight / first_block_length(features, self.spans)
        return evidence
