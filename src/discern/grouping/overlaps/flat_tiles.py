"""Function that finds the source of tiles of one colour, where one source alone holds that colour.

A tile of even sky has nothing that could be matched with its neighbours, yet its shade tells a classifier its source.
As its neighbours show the same shade where they overlap, its source is one with such a region. Where another source
has a patch of nearly that shade, as with white grounds, nothing tells them apart, and the tile is not linked.
"""

from dataclasses import dataclass

import numpy as np

from discern.grouping.near_copies.scratch_arrays import blocks
from discern.grouping.overlaps.thumb_regions import overlap_regions

_BLOCK = 512
_MOST_FLAT = 1_000  # tiles searched for, which bounds the time for large sets
_PATCH = 4  # cells along a side
_STEP = 2  # cells between patches
# The thresholds, in grey levels, are chosen on seeds 1 to 6 of benchmarks/tiles.py (imagenette160, trashnet,
# furniture7, clothing_small; overlap .25). With and without their source among 80 they link no tile to a wrong one;
# without it among 10, one of a hundred.
_MOST_VARIATION = 2.0
_MOST_DISTANCE = 1.0  # Euclidean, of red, green and blue, to the source that is linked
_LEAST_DISTANCE = 6.0  # to all other sources


@dataclass(frozen=True)
class _Sources:
    cells: np.ndarray
    rows: np.ndarray
    piece: np.ndarray


def match_flat_tiles(
    cells: np.ndarray, shifts: np.ndarray, piece: np.ndarray, left: np.ndarray, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find for tiles of one colour a tile of the only source that holds this colour.

    Args:
        cells: mean colours of the cells of each tile's thumbnail, float32 [n, C, C, 3].
        shifts: shifts at which tiles overlap, in cells, int [K, 2].
        piece: piece that each tile belongs to, int [n].
        left: tiles to find a match for, int [m]; flat ones after the first 1,000 are not searched for.
        source: tiles of pieces that are large enough to be a source, bool [n].

    Returns:
        The matched tiles, int [E, 2], the one that was left first, and the distance of their colours, [E].
    """
    left = left[_variation(cells[left]) <= _MOST_VARIATION][:_MOST_FLAT]
    if not len(left) or not source.any():
        return np.zeros((0, 2), np.int64), np.zeros(0)
    colour = cells[left].mean(axis=(1, 2), dtype=np.float64)
    size = cells.shape[1]
    places = range(0, size - _PATCH + 1, _STEP)
    patches = [np.s_[y : y + _PATCH, x : x + _PATCH] for y in places for x in places]
    strips = [overlap_regions(shift, size)[0] for shift in shifts]
    sources = _Sources(cells, np.flatnonzero(source), piece)
    near, other = _nearest(sources, strips, colour, piece[left])
    close = near <= _MOST_DISTANCE
    left, colour, near, other = left[close], colour[close], near[close], other[close]
    second, _ = _nearest(sources, patches + strips, colour, piece[other])
    alone = second >= _LEAST_DISTANCE
    return np.stack([left[alone], other[alone]], axis=1), near[alone]


def _nearest(
    sources: _Sources, regions: list[tuple[slice, slice]], colour: np.ndarray, but: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance of each colour to the nearest flat region of a piece other than one, and its tile or -1."""
    near, other = np.full(len(colour), np.inf), np.full(len(colour), -1)
    for at in blocks(len(sources.rows), _BLOCK):
        rows = sources.rows[at]
        block = sources.cells[rows]
        for y, x in regions:
            region = block[:, y, x]
            flat = np.flatnonzero(_variation(region) <= _MOST_VARIATION)
            if not len(flat):
                continue
            mean = region[flat].mean(axis=(1, 2), dtype=np.float64)
            distance = np.linalg.norm(colour[:, None] - mean, axis=2)
            distance[but[:, None] == sources.piece[rows[flat]]] = np.inf
            best = distance.argmin(axis=1)
            found = distance[np.arange(len(colour)), best]
            nearer = found < near
            near[nearer], other[nearer] = found[nearer], rows[flat[best[nearer]]]
    return near, other


def _variation(cells: np.ndarray) -> np.ndarray:
    """Return the mean deviation of red, green and blue within each picture, [n]."""
    variation: np.ndarray = cells.std(axis=(1, 2), dtype=np.float64).mean(axis=1)
    return variation
