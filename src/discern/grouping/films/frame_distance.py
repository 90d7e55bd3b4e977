"""Distance between images in colour and layout, computed from their thumbnails."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.films.series import Series
from discern.grouping.near_copies.scratch_arrays import blocks, scratch_array

if TYPE_CHECKING:
    from discern.catalog import Catalog

_CELLS = 16
_MAX_PAIRS = 4000


class FrameDistance:
    """Distance between images, computed as the mean absolute difference of their thumbnails.

    Args:
        catalog: pictures with thumbnails.
        rows: rows of the pictures to compare, int [n].
        scratch: directory for temporary files, as in `scratch_array`.
    """

    def __init__(self, catalog: "Catalog", rows: np.ndarray, scratch: Path | None) -> None:
        self._position = np.full(len(catalog.table), -1, np.int64)
        self._position[rows] = np.arange(len(rows))
        self._reduced = scratch_array((len(rows), _CELLS * _CELLS * 3), np.uint8, scratch)
        for at in blocks(len(rows)):
            self._reduced[at] = _reduce(catalog.thumbs[rows[at]])

    def __call__(self, pairs: np.ndarray) -> np.ndarray:
        """Compute the distance of each pair of images, float64 in [0, 1]."""
        return np.concatenate([np.zeros(0), *(self._of_block(pairs[at]) for at in blocks(len(pairs)))])

    def _of_block(self, pairs: np.ndarray) -> np.ndarray:
        ends = self._reduced[self._position[pairs]].astype(np.int16)
        distance: np.ndarray = np.abs(ends[:, 0] - ends[:, 1]).mean(axis=1) / 255
        return distance

    def unrelated_pairs(self, series: Sequence[Series]) -> np.ndarray:
        """Draw random pairs of images, from different series where possible, int [P, 2]."""
        rows = np.flatnonzero(self._position >= 0)
        pairs = np.random.default_rng(0).choice(rows, (_MAX_PAIRS, 2))
        member = np.full(len(self._position), -1, np.int64)
        for number, one in enumerate(series):
            member[one.rows] = number
        unrelated = (member[pairs[:, 0]] != member[pairs[:, 1]]) | (member[pairs[:, 0]] < 0)
        unrelated &= pairs[:, 0] != pairs[:, 1]
        enough = unrelated.sum() >= _MAX_PAIRS // 20
        drawn: np.ndarray = pairs[unrelated] if enough else pairs[pairs[:, 0] != pairs[:, 1]]
        return drawn


def _reduce(thumbs: np.ndarray) -> np.ndarray:
    """Downsample square thumbnails to 16 x 16 cells."""
    count, side = thumbs.shape[:2]
    cell = side // _CELLS
    rows = np.add.reduce([thumbs[:, offset::cell].astype(np.uint16) for offset in range(cell)])
    cells = np.add.reduce([rows[:, :, offset::cell] for offset in range(cell)])
    reduced: np.ndarray = (cells.astype(np.float32) / cell**2).round().astype(np.uint8).reshape(count, -1)
    return reduced
