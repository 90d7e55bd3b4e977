"""Functions that validate image embeddings and normalise their blocks to unit length.

A head and an unknown scorer read each block at unit length. Neither the contrast of a picture nor the width of a block
then decides how much a block counts. What all pictures share takes up most of a block's length, so a head may subtract
a constant and normalise the rest again.
"""

from collections.abc import Sequence

import numpy as np

from discern.errors import BundleError

Span = tuple[int, int]
"""First column of a block, and the column after its last."""

SMALLEST_LENGTH = 1e-12


def unit_blocks(features: np.ndarray, spans: Sequence[Span], centre: np.ndarray | None = None) -> np.ndarray:
    """Normalise each block of each embedding to unit length, leaving zero blocks unchanged.

    Args:
        features: real `[N, D]`.
        spans: start and end of each block; contiguous from 0 to D.
        centre: float32 `[D]`, subtracted from the unit-length blocks after the first, which are then normalised again;
            None: nothing is subtracted.

    Returns:
        float32 `[N, D]`.

    Raises:
        BundleError: `features` has another number of columns.
    """
    features = np.asarray(features, np.float32)
    if features.ndim != 2 or features.shape[1] != spans[-1][1]:
        raise BundleError(f"The head expects features of shape [N, {spans[-1][1]}], not {list(features.shape)}.")
    rows = np.empty_like(features)
    for place, (start, end) in enumerate(spans):
        block = unit_rows(features[:, start:end])
        if centre is not None and place:
            block = unit_rows(block - centre[start:end])
        rows[:, start:end] = block
    return rows


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Scale rows, float `[N, D]`, to unit length, leaving zero rows unchanged."""
    unit: np.ndarray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), SMALLEST_LENGTH)
    return unit


def first_block_length(features: np.ndarray, spans: Sequence[Span]) -> np.ndarray:
    """Compute the L2 norm of the first block of each embedding.

    The result is positive, float32 `[N, 1, 1, 1]`.
    """
    start, end = spans[0]
    lengths = np.linalg.norm(np.asarray(features[:, start:end], np.float32), axis=1)
    return np.asarray(np.maximum(lengths, SMALLEST_LENGTH)[:, None, None, None])


def check_spans(spans: Sequence[Span]) -> None:
    """Check that embedding blocks are non-empty and contiguous, starting at column 0.

    Raises:
        BundleError: the blocks are empty or not contiguous.
    """
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    if not spans or starts != [0, *ends[:-1]] or any(start >= end for start, end in spans):
        raise BundleError(f"The blocks {tuple(spans)} are not contiguous from column 0.")


def check_array(name: str, array: np.ndarray, shape: tuple[int | None, ...], dtype: type = np.float32) -> None:
    """Check that an array has the expected dtype and shape and only finite values.

    A None in `shape` allows any length.

    Raises:
        BundleError: the array is empty, is not finite, or has another dtype or shape.
    """
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if not fits or array.dtype != dtype or 0 in array.shape:
        raise BundleError(f"{name} is {array.dtype} {array.shape}; expected {np.dtype(dtype)} {shape}.")
    if not np.isfinite(array).all():
        raise BundleError(f"{name} contains NaN or infinity.")
