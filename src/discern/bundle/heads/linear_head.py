"""Linear head: one affine map of the unit-length blocks, and a softmax."""

from dataclasses import dataclass

import numpy as np

from discern.bundle.heads.embedding_blocks import Span, check_array, check_spans, first_block_length, unit_blocks
from discern.bundle.heads.head import ABSENT
from discern.bundle.heads.logits import softmax


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearHead:
    """Softmax classifier with an affine map of the unit-length blocks.

    Attributes:
        spans: start and end of the embedding's blocks, "head" first.
        weight: float32 `[D, K]`, divided by the temperature.
        bias: float32 `[K]`, divided by the temperature.
    """

    spans: tuple[Span, ...]
    weight: np.ndarray
    bias: np.ndarray

    def __post_init__(self) -> None:
        check_spans(self.spans)
        check_array("weight", self.weight, (self.spans[-1][1], None))
        check_array("bias", self.bias, (self.weight.shape[1],))

    @property
    def classes(self) -> int:
        """Number of classes, K."""
        return int(self.weight.shape[1])

    @property
    def map_weight(self) -> np.ndarray:
        """Weights of the block "head", float32 `[C, K]`, which apply to each place of the feature map as well."""
        start, end = self.spans[0]
        return self.weight[start:end]

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated logits, float32 `[N, K]`, from features `[N, D]`."""
        logits: np.ndarray = unit_blocks(features, self.spans) @ self.weight + self.bias
        return logits

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Compute calibrated probabilities, float32 `[N, K]` with rows summing to 1, from features `[N, D]`."""
        return softmax(self.logits(features))

    def uncalibrated(self, features: np.ndarray, temperature: float) -> np.ndarray:
        """Compute probabilities, float32 `[N, K]`, without the temperature that the head includes."""
        logits = self.logits(features)
        present = ~((self.bias == np.float32(ABSENT)) & ~self.weight.any(axis=0))
        return softmax(np.where(present, logits * np.float32(temperature), logits))

    def evidence(self, features: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Compute the evidence map (see `Head.evidence`); its mean is what the block "head" adds to each logit."""
        evidence: np.ndarray = places @ self.map_weight / first_block_length(features, self.spans)
        return evidence
