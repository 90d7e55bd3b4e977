"""Hidden layer of a head: it turns the embeddings of a backbone into those that a linear head reads."""

from dataclasses import dataclass

import numpy as np

from discern.bundle.heads.embedding_blocks import Span, check_array, check_spans, unit_blocks


@dataclass(frozen=True, kw_only=True, eq=False)
class HiddenLayer:
    """Linear map of unit-length blocks, ReLU, and a scale and shift of each value, as a batch normalisation has.

    Attributes:
        spans: start and end of the embedding's blocks, "head" first.
        weight: float32 `[D, H]`.
        bias: float32 `[H]`.
        scale: float32 `[H]`.
        shift: float32 `[H]`.
    """

    spans: tuple[Span, ...]
    weight: np.ndarray
    bias: np.ndarray
    scale: np.ndarray
    shift: np.ndarray

    def __post_init__(self) -> None:
        check_spans(self.spans)
        check_array("weight", self.weight, (self.spans[-1][1], None))
        for name in ("bias", "scale", "shift"):
            check_array(name, getattr(self, name), (self.width,))

    @property
    def width(self) -> int:
        """Return the number of hidden values, H."""
        return int(self.weight.shape[1])

    def embed(self, features: np.ndarray) -> np.ndarray:
        """Compute the hidden values from embeddings `[N, D]`: float32 `[N, H]`."""
        values = unit_blocks(features, self.spans) @ self.weight + self.bias
        hidden: np.ndarray = np.maximum(values, np.float32(0)) * self.scale + self.shift
        return hidden
