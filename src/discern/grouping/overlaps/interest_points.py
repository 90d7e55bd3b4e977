"""Functions that find and describe repeatable points in thumbnails.

The points are corners after Shi and Tomasi (1994), "Good features to track": they are found again in another picture of
the same place. The patch around each is normalised against light and contrast, projected on its principal components
and whitened, as in Ke and Sukthankar (2004), "PCA-SIFT". Tiles of one source have one scale and are not turned, so the
patches need no invariance.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.near_copies.align import slopes
from discern.grouping.near_copies.rotation_invariants import blur, brightness
from discern.grouping.near_copies.scratch_arrays import blocks, scratch_array
from discern.parallel import parallel_map, single_threaded_blas

if TYPE_CHECKING:
    from discern.store import Rows

LENGTH = 16
"""Dimension of the descriptors; 32 found no more neighbours among tiles (benchmarks/tiles.py)."""

POINTS = 32
"""Most points of one picture; 24 found 11 % fewer neighbours among tiles that overlap by a quarter."""

_REACH = 3  # pixels from the middle of a patch to its edge; 4 loses points in narrow overlaps
_CELL = 8  # one point of each cell, so that no part of a picture takes all points
_BATCH = 64  # thumbnails that fit in the processor's cache
_SMOOTH, _WINDOW = 0.8, 1.5  # not tuned
_LEAST_DEVIATION = 1.5  # grey levels; less is noise; not tuned
_SAMPLE = 20_000
_REGULAR = 0.02
_PATCH = (2 * _REACH + 1) ** 2


@dataclass(frozen=True, kw_only=True)
class InterestPoints:
    """Points of all pictures, in the order of the pictures.

    Args:
        picture: position of the picture of each point, int32 [n], non-decreasing.
        place: column and row of each point in its thumbnail, float32 [n, 2].
        descriptor: float32 [n, LENGTH], of unit length.
    """

    picture: np.ndarray
    place: np.ndarray
    descriptor: np.ndarray

    def __len__(self) -> int:
        return len(self.picture)


def find_points(thumbs: "Rows | np.ndarray", rows: np.ndarray, scratch: Path | None = None) -> InterestPoints:
    """Find and describe the interest points of thumbnails.

    Args:
        thumbs: thumbnails, uint8 [N, S, S, 3]; S is a multiple of 8.
        rows: rows of the pictures to consider, int [n], 1 or more.
        scratch: directory for temporary files, as in `scratch_array`.
    """
    sample = rows[:: -(-len(rows) * POINTS // _SAMPLE)]
    _, _, patches = _find(thumbs, sample)
    projection = _fit_projection(patches)
    described = scratch_array((len(rows) * POINTS, LENGTH), np.float32, scratch)
    picture, place = np.empty(len(described), np.int32), np.empty((len(described), 2), np.float32)
    count = 0
    at = blocks(len(rows))
    for block, (local, places, found) in zip(
        at, parallel_map([partial(_find, thumbs, rows[b]) for b in at]), strict=True
    ):
        end = count + len(local)
        picture[count:end], place[count:end] = block[0] + local, places
        described[count:end] = _normalised(found @ projection)
        count = end
    return InterestPoints(picture=picture[:count], place=place[:count], descriptor=described[:count])


def _find(thumbs: "Rows | np.ndarray", rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the position of the picture, the place and the normalised patch of each point."""
    pixels = thumbs[rows]
    parts = []
    for at in blocks(len(rows), _BATCH):
        grey = blur(brightness(pixels[at]), _SMOOTH)
        picture, place = _corners(grey)
        patch, deviation = _patches(grey, picture, place)
        textured = deviation >= _LEAST_DEVIATION
        parts.append((at[picture[textured]], place[textured], patch[textured]))
    picture, place, patch = (np.concatenate(values) for values in zip(*parts, strict=True))
    return picture, place, patch


def _corners(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the strongest corners of smoothed pictures [n, S, S], one for each cell at most.

    The places are column and row, to a fraction of a pixel.
    """
    count, side, _ = grey.shape
    strength = _corner_strength(grey)
    local = np.where(strength == _highest_nearby(strength), strength, 0)
    local[:, :_REACH] = local[:, side - _REACH :] = local[:, :, :_REACH] = local[:, :, side - _REACH :] = 0
    cells = side // _CELL
    local = local.reshape(count, cells, _CELL, cells, _CELL).transpose(0, 1, 3, 2, 4).reshape(count, cells**2, _CELL**2)
    inside, best = local.argmax(axis=2), local.max(axis=2)
    row = np.arange(cells**2) // cells * _CELL + inside // _CELL
    column = np.arange(cells**2) % cells * _CELL + inside % _CELL
    weakest = np.partition(best, -min(POINTS, cells**2), axis=1)[:, -min(POINTS, cells**2), None]
    chosen = (best > 0) & (best >= weakest)
    chosen &= np.cumsum(chosen, axis=1) <= POINTS
    picture, cell = np.nonzero(chosen)
    row, column = row[picture, cell], column[picture, cell]
    middle = strength[picture, row, column]
    down = _peak(strength[picture, row - 1, column], middle, strength[picture, row + 1, column])
    across = _peak(strength[picture, row, column - 1], middle, strength[picture, row, column + 1])
    return picture, np.stack([column + across, row + down], axis=1).astype(np.float32)


def _corner_strength(grey: np.ndarray) -> np.ndarray:
    """Compute the smaller eigenvalue of the structure tensor at each pixel."""
    across, down = slopes(grey), slopes(grey.transpose(0, 2, 1)).transpose(0, 2, 1)
    xx, yy, xy = (blur(product, _WINDOW) for product in (across * across, down * down, across * down))
    half = (xx - yy) / 2
    strength: np.ndarray = (xx + yy) / 2 - np.sqrt(half * half + xy * xy)
    return strength


def _highest_nearby(values: np.ndarray) -> np.ndarray:
    """Return the highest value within two pixels of each pixel."""
    for axis in (1, 2):
        padded = np.pad(values, [(0, 0), *((2, 2) if a == axis else (0, 0) for a in (1, 2))], mode="edge")
        size = values.shape[axis]
        shifted = [
            np.take(padded, range(o, o + size), axis) if axis == 1 else padded[:, :, o : o + size] for o in range(5)
        ]
        values = np.maximum.reduce(shifted)
    return values


def _peak(before: np.ndarray, middle: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the offset of the peak of the parabola through three values, within half a pixel."""
    curve = np.minimum(before + after - 2 * middle, -1e-9)
    offset: np.ndarray = np.clip((before - after) / (2 * curve), -0.5, 0.5)
    return offset


def _patches(grey: np.ndarray, picture: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sample normalised patches [n, _PATCH] around points, and return their deviation in grey levels too."""
    side = grey.shape[1]
    offset = np.arange(-_REACH, _REACH + 1)
    column, row = (np.clip(place[:, a, None] + offset, 0, side - 1.001) for a in (0, 1))
    left, top = np.floor(column).astype(np.int64), np.floor(row).astype(np.int64)
    across, down = (column - left).astype(np.float32)[:, None, :], (row - top).astype(np.float32)[:, :, None]
    corner = (picture[:, None] * side + top)[:, :, None] * side + left[:, None, :]
    flat = grey.reshape(-1)
    above = flat[corner] * (1 - across) + flat[corner + 1] * across
    below = flat[corner + side] * (1 - across) + flat[corner + side + 1] * across
    patch = (above * (1 - down) + below * down).reshape(len(picture), _PATCH)
    patch -= patch.mean(axis=1, keepdims=True)
    deviation = np.sqrt((patch * patch).mean(axis=1))
    return patch / np.maximum(deviation, 1)[:, None], deviation


def _fit_projection(patches: np.ndarray) -> np.ndarray:
    """Fit the whitened principal components of patches, float32 [_PATCH, LENGTH]."""
    covariance = patches.T.astype(np.float64) @ patches / max(len(patches), 1)
    with single_threaded_blas():
        values, vectors = np.linalg.eigh(covariance + 1e-9 * np.eye(_PATCH))
    values, vectors = values[::-1][:LENGTH], vectors[:, ::-1][:, :LENGTH]
    projection: np.ndarray = (vectors / np.sqrt(values + _REGULAR * values[0])).astype(np.float32)
    return projection


def _normalised(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit
