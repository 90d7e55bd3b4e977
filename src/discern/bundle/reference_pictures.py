"""Held-out pictures that a bundle keeps as a fixed reference, to detect drift of later pictures."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from discern.bundle.stored_arrays import read_arrays, write_arrays
from discern.errors import BundleDamaged

SIGNALS = ("unknown", "confidence", "distance", "brightness", "sharpness", "size")
"""Names of the signals: unknown score, confidence, embedding distance, brightness, sharpness and size."""

MAX_BYTES = 200_000
"""Size of the reference in a bundle, at most."""

MAX_PICTURES = 2000
"""Number of pictures in a reference, at most."""

_HASH_BYTES = 8
# Not tuned: 64 dimensions keep cosines within about .12, and fewer leave room for the centres of many classes.
_DIMENSIONS, _CENTRE_BYTES = (64, 32, 16), 70_000
_HEADERS_BYTES = 4096  # of seven arrays and their zip archive, with room to spare
_HALF_RANGE = 0.5  # components of a unit vector in 64 dimensions are rarely larger
_HINT = "Copy the bundle again from its source, or train it again."
_KINDS = {
    "signals": ("<f4", 2),
    "label": ("<i2", 1),
    "is_right": ("|b1", 1),
    "content": ("|u1", 2),
    "projected": ("|i1", 2),
    "centres": ("<f2", 2),
    "figures": ("<f4", 1),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class ReferencePictures:
    """Out-of-fold signals of held-out pictures, of which no two belong to one group.

    Attributes:
        signals: float32 `[n, 6]`, the signals in the order of `SIGNALS`, by models that did not train on the picture;
            a signal that could not be measured is NaN in all rows.
        label: int16 `[n]`, index of the predicted label.
        is_right: bool `[n]`, whether it is the true label.
        content: uint8 `[n, 8]`, first bytes of the SHA-256 digests of the files.
        projected: int8 `[m, d]`, embeddings of the first m pictures, projected to d dimensions; see `project` and
            `quantise`.
        centres: float16 `[K, d]`, mean of the projected embeddings of each class's training pictures, unit length; no
            rows if there are too many classes, or embeddings.
        spread: float, median cosine distance of embeddings to others of their class, see `watching.new_classes`; NaN if
            unknown.
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

    def __len__(self) -> int:
        return len(self.signals)

    def to_bytes(self) -> bytes:
        """Serialise the reference to the content of `reference.npz`."""
        arrays = {name: getattr(self, name) for name in _KINDS if name != "figures"}
        arrays["figures"] = np.array([self.spread, self.accuracy])
        return write_arrays({name: arrays[name].astype(dtype) for name, (dtype, _) in _KINDS.items()})

    @classmethod
    def from_bytes(cls, data: bytes, *, classes: int) -> "ReferencePictures":
        """Parse and validate the content of `reference.npz`.

        Raises:
            BundleDamaged: it is not a reference for a model with that many classes.
        """
        try:
            arrays = read_arrays(data, _KINDS, max_bytes=MAX_BYTES)
            _check(arrays, classes)
        except ValueError as error:
            raise BundleDamaged(f"reference.npz cannot be used: {error}.", hint=_HINT) from error
        spread, accuracy = (float(value) for value in arrays.pop("figures"))
        return cls(**arrays, spread=spread, accuracy=accuracy)


def _check(arrays: dict[str, Any], classes: int) -> None:
    """Raise ValueError unless the arrays belong together and have possible values."""
    signals, label, projected, centres = (arrays[name] for name in ("signals", "label", "projected", "centres"))
    count, dimensions = len(signals), centres.shape[1]
    if not 0 < count <= MAX_PICTURES or signals.shape[1] != len(SIGNALS):
        raise ValueError("it does not have the signals of 1 to 2,000 pictures")
    if arrays["content"].shape != (count, _HASH_BYTES) or any(
        len(arrays[name]) != count for name in ("label", "is_right")
    ):
        raise ValueError("its arrays do not belong to the same pictures")
    if len(centres) not in (0, classes) or len(projected) > count or projected.shape[1] != dimensions:
        raise ValueError("its embeddings do not belong to the pictures or the classes")
    if not ((label >= 0) & (label < classes)).all():
        raise ValueError("its labels are not those in bundle.json")
    if np.isinf(signals).any() or not np.isfinite(centres).all():
        raise ValueError("it has numbers that are not finite")
    missing = np.isnan(signals)
    if missing.all() or (missing.any(axis=0) != missing.all(axis=0)).any():
        raise ValueError("a signal is missing for some of its pictures, or all are")
    if arrays["is_right"].view(np.uint8).max() > 1:
        raise ValueError("it has truth values that are neither true nor false")
    if arrays["figures"].shape != (2,) or not 0 <= arrays["figures"][1] <= 1 or np.isinf(arrays["figures"][0]):
        raise ValueError("its spread or accuracy is impossible")


def choose_dimensions(classes: int) -> int | None:
    """Return the number of dimensions to which embeddings are projected, or None if the centres would be too large."""
    return next((each for each in _DIMENSIONS if 2 * each * classes <= _CENTRE_BYTES), None)


def count_projected(pictures: int, *, classes: int, dimensions: int) -> int:
    """Return the number of projected embeddings for which there is room beside signals and centres."""
    others = pictures * (4 * len(SIGNALS) + 2 + 1 + _HASH_BYTES) + 2 * dimensions * classes + _HEADERS_BYTES
    return min(pictures, (MAX_BYTES - others) // dimensions)


def project(embedding: np.ndarray, dimensions: int) -> np.ndarray:
    """Project embeddings to fewer dimensions by fixed random signs, so that their cosines stay about the same.

    Args:
        embedding: float `[n, D]`.
        dimensions: number of dimensions d of the result.

    Returns:
        float32 `[n, d]` of unit length, or zero for an embedding of length zero.
    """
    unit = _to_unit(np.asarray(embedding, np.float32))
    return _to_unit(unit @ _signs(unit.shape[1], dimensions))


def quantise(projected: np.ndarray) -> np.ndarray:
    """Return projected embeddings `[n, d]` of unit length as int8; see `restore_units`."""
    return np.rint(np.clip(projected / _HALF_RANGE, -1, 1) * 127).astype(np.int8)


def restore_units(quantised: np.ndarray) -> np.ndarray:
    """Return quantised embeddings, int8 `[n, d]`, as float32 of unit length."""
    return _to_unit(quantised.astype(np.float32))


def _to_unit(rows: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: np.ndarray = rows / np.where(length > 0, length, 1)
    return unit


@lru_cache(maxsize=4)
def _signs(inputs: int, dimensions: int) -> np.ndarray:
    """Return the signs of the projection, float32 `[inputs, dimensions]`, the same in every version."""
    count = inputs * dimensions
    bits = np.frombuffer(hashlib.shake_256(b"discern-projection").digest(-(-count // 8)), np.uint8)
    return np.unpackbits(bits)[:count].reshape(inputs, dimensions).astype(np.float32) * 2 - 1
