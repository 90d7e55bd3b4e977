"""Function that compares the colours of pictures, wherever they are in the picture."""

from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.near_copies.scratch_arrays import blocks

if TYPE_CHECKING:
    from discern.catalog import Catalog

_BINS = 6  # of each channel; not tuned


def overlap_colours(catalog: "Catalog", pairs: np.ndarray) -> np.ndarray:
    """Compute the overlap of the colour histograms of pairs of pictures (Bhattacharyya coefficient).

    Args:
        catalog: pictures with thumbnails.
        pairs: rows of the pairs, int [P, 2].

    Returns:
        The overlap, float64 [P]: 1 for the same colours in the same shares, 0 for no colour in common.
    """
    return np.concatenate([np.zeros(0), *(_overlap_block(catalog, pairs[at]) for at in blocks(len(pairs)))])


def _overlap_block(catalog: "Catalog", pairs: np.ndarray) -> np.ndarray:
    rows, ends = np.unique(pairs, return_inverse=True)
    levels = catalog.thumbs[rows].astype(np.int64) * _BINS // 256
    codes = ((levels[..., 0] * _BINS + levels[..., 1]) * _BINS + levels[..., 2]).reshape(len(rows), -1)
    shares = np.stack([np.bincount(code, minlength=_BINS**3) for code in codes]) / codes.shape[1]
    first, second = (np.sqrt(shares[end]) for end in ends.reshape(pairs.shape).T)
    overlap: np.ndarray = (first * second).sum(axis=1)
    return overlap
