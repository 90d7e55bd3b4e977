"""Class that finds the source of tiles too plain for interest points, by the colours where they overlap.

A tile of bare ground, sky or table has no corners, but its colours run on into the next tile: where two such tiles
overlap, they agree to a grey level in red, green and blue. Only sets in which other tiles overlap are searched, and
only at the shifts of those.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from discern.grouping.near_copies.scratch_arrays import blocks, scratch_array
from discern.grouping.overlaps.flat_tiles import match_flat_tiles
from discern.grouping.overlaps.thumb_regions import overlap_regions
from discern.parallel import parallel_map

if TYPE_CHECKING:
    from discern.store import Rows

_SIDE = 64  # of a thumbnail, in pixels
_CELLS = 16  # along a side of a thumbnail
_MOST_SHIFTS = 24
_MOST_LEFT = 4_000  # tiles searched for, which bounds the time for large sets
_BLOCK = 2048
_DIRECTIONS = 32
_NEAREST = 2  # at each shift
_MOST_CELL_DIFFERENCE = 4.0
_NUDGES = [np.array([across, down]) for down in range(-2, 3) for across in range(-2, 3)]  # thumbnail pixels
# On development seeds of benchmarks/tiles.py, tiles of one source differ by 0.2 to 0.9 grey levels where they overlap.
_MOST_DIFFERENCE = 1.5
# Grey levels; a ground of one colour, such as white, fits every other. On development seeds of benchmarks/tiles.py, 1.5
# left tiles of bare tables alone (trashnet, recall .96 and .98 instead of 1.00), and .4 linked two more sources.
_LEAST_VARIATION = 0.75
_RATIO = 2.0


def common_shifts(shift: np.ndarray) -> np.ndarray:
    """Return the most common shifts between overlapping thumbnails, in both directions.

    Args:
        shift: shifts of confirmed pairs in thumbnail pixels, [E, 2].

    Returns:
        Up to 24 shifts, multiples of 4, int [K, 2].
    """
    step = _SIDE // _CELLS
    rounded = np.rint(np.concatenate([shift, -shift]) / step).astype(np.int64)
    values, counts = np.unique(rounded, axis=0, return_counts=True)
    wide = (_CELLS - np.abs(values)).prod(axis=1) >= _CELLS * _CELLS // 8
    order = np.lexsort((values[:, 1], values[:, 0], -counts))
    common: np.ndarray = values[order[wide[order]]][:_MOST_SHIFTS] * step
    return common


class PlainTiles:
    """Thumbnails of tiles, to be matched by their colours.

    Args:
        thumbs: thumbnails, uint8 [N, 64, 64, 3].
        rows: rows of the tiles, int [n].
        shifts: shifts to try, in thumbnail pixels, int [K, 2].
        scratch: directory for temporary files, as in `scratch_array`.
    """

    def __init__(
        self, thumbs: "Rows | np.ndarray", rows: np.ndarray, shifts: np.ndarray, scratch: Path | None = None
    ) -> None:
        self._thumbs, self._rows, self._shifts = thumbs, rows, shifts
        self._cells = scratch_array((len(rows), _CELLS, _CELLS, 3), np.float32, scratch)
        for at in blocks(len(rows)):
            self._cells[at] = _to_cells(thumbs[rows[at]])

    def match(self, piece: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find for tiles that are left the tile whose colours they continue best.

        Args:
            piece: piece that each tile belongs to, int [n]; a tile is not matched with its own piece.
            left: tiles to find a match for, int [m]; those after the first 4,000 are not searched for.

        Returns:
            The matched tiles, int [E, 2], the one that was left first, and their mean difference in grey levels, [E].
        """
        left = left[:_MOST_LEFT]
        best, other = np.full(len(left), np.inf), np.full(len(left), -1)
        if len(left):
            for found, difference in parallel_map([partial(self._match_at, s, piece, left) for s in self._shifts]):
                nearer = difference < best
                best[nearer], other[nearer] = difference[nearer], found[nearer]
        matched = best <= _MOST_DIFFERENCE
        return np.stack([left[matched], other[matched]], axis=1), best[matched]

    def match_flat(self, piece: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find for lone tiles of one colour the only source that holds it (see `match_flat_tiles`).

        Args:
            piece: piece that each tile belongs to, int [n].
            source: tiles of pieces that are large enough to be a source, bool [n].

        Returns:
            The matched tiles, int [E, 2], the one that was alone first, and their difference in grey levels, [E].
        """
        _, number, count = np.unique(piece, return_inverse=True, return_counts=True)
        alone = np.flatnonzero(count[number] == 1)
        return match_flat_tiles(self._cells, self._shifts * _CELLS // _SIDE, piece, alone, source)

    def _match_at(self, shift: np.ndarray, piece: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the best match of each tile at one shift, and their difference; infinite where there is none."""
        first, second = overlap_regions(shift * _CELLS // _SIDE, _CELLS)
        own = self._cells[left][:, second[0], second[1]].reshape(len(left), -1)
        variation = own.reshape(len(left), -1, 3).std(axis=1).mean(axis=1)
        best, other = np.full(len(left), np.inf), np.full(len(left), -1)
        for candidate in self._nearest(own, first, piece, left).T:
            theirs = self._cells[np.maximum(candidate, 0)][:, first[0], first[1]].reshape(own.shape)
            close = (np.abs(own - theirs).mean(axis=1) <= _MOST_CELL_DIFFERENCE) & (variation >= _LEAST_VARIATION)
            for k in np.flatnonzero(close & (candidate >= 0)).tolist():
                difference = self._difference(int(candidate[k]), int(left[k]), shift)
                if difference < best[k] and variation[k] >= _RATIO * difference:
                    best[k], other[k] = difference, candidate[k]
        return other, best

    def _nearest(self, own: np.ndarray, first: tuple[slice, slice], piece: np.ndarray, left: np.ndarray) -> np.ndarray:
        """Return the tiles of other pieces whose colours are nearest, int [m, 2], or -1.

        The colours are projected at random, which preserves distances (Johnson and Lindenstrauss 1984).
        """
        length = own.shape[1]
        directions = np.random.default_rng(0).standard_normal((length, _DIRECTIONS)).astype(np.float32)
        queries = own @ directions
        nearest = np.full((len(left), _NEAREST), -1)
        near = np.full((len(left), _NEAREST), np.inf, np.float32)
        for at in blocks(len(self._cells), _BLOCK):
            keys = self._cells[at][:, first[0], first[1]].reshape(len(at), length) @ directions
            distance = (queries**2).sum(axis=1)[:, None] + (keys**2).sum(axis=1) - 2 * (queries @ keys.T)
            distance[piece[left][:, None] == piece[at]] = np.inf
            found = np.argpartition(distance, min(_NEAREST, len(at)) - 1, axis=1)[:, :_NEAREST]
            distances = np.concatenate([near, np.take_along_axis(distance, found, 1)], axis=1)
            order = np.argsort(distances, axis=1, kind="stable")[:, :_NEAREST]
            near = np.take_along_axis(distances, order, 1)
            nearest = np.take_along_axis(np.concatenate([nearest, at[found]], axis=1), order, 1)
        return np.where(np.isfinite(near), nearest, -1)

    def _difference(self, first: int, second: int, shift: np.ndarray) -> float:
        """Return the smallest mean difference of two thumbnails within 2 pixels of a shift."""
        one, other = (self._thumbs[int(self._rows[at])].astype(np.float32) for at in (first, second))
        best = np.inf
        for nudge in _NUDGES:
            a, b = overlap_regions(shift + nudge, _SIDE)
            best = min(best, float(np.abs(one[a] - other[b]).mean()))
        return best


def _to_cells(pixels: np.ndarray) -> np.ndarray:
    step = pixels.shape[1] // _CELLS
    split = pixels.reshape(len(pixels), _CELLS, step, _CELLS, step, 3)
    cells: np.ndarray = split.mean(axis=(2, 4), dtype=np.float32)
    return cells
