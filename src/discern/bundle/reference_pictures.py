"""Held-out pictures that a bundle keeps as a fixed reference, to detect drift of later pictures."""

from dataclasses import dataclass

import numpy as np

SIGNALS = ("unknown", "confidence", "distance", "brightness", "sharpness", "size")
"""Names of the signals: unknown score, confidence, embedding distance, brightness, sharpness and size."""

MAX_BYTES = 200_000
"""Size of the reference in a bundle, at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReferencePictures:
    """Out-of-fold signals of held-out pictures, of which no two belong to one group.

    Attributes:
        signals: float32 `[n, 6]`, the signals in the order of `SIGNALS`, by models that did not train on the picture.
        label: int16 `[n]`, index of the predicted label.
        is_right: bool `[n]`, whether it is the true label.
        content: uint8 `[n, 8]`, first bytes of the SHA-256 digests of the files.
        projected: int8 `[m, d]`, embeddings of the first m pictures, projected to d dimensions; see `project`.
        centres: float16 `[K, d]`, mean of the projected embeddings of each class's training pictures, unit length.
        spread: float, median cosine distance of embeddings to others of their class, see `watching.new_classes`.
        accuracy: float, share of right predictions of held-out pictures.
    """

    signals: np.ndarray
    label: np.ndarray
    is_right: np.ndarray
    content: np.ndarray
    projected: np.ndarray
    centres: np.ndarray
    spread: float
    accuracy: float

    def to_bytes(self) -> bytes:
        """Serialise the reference to the content of `reference.npz`."""
        raise NotImplementedError

    @classmethod
    def from_bytes(cls, data: bytes, *, classes: int) -> "ReferencePictures":
        """Parse and validate the content of `reference.npz`.

        Raises:
            BundleDamaged: it is not a reference for a model with that many classes.
        """
        raise NotImplementedError
