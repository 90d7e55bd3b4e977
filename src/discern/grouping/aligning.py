"""Laying one picture onto another, many pairs at once: Gauss-Newton on an affine map, brightness gain fitted along.

The classic scheme of Lucas and Kanade (1981), "An iterative image registration technique with an application to stereo
vision"; frames and units are those of `discern.grouping.polar`.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

_LARGEST_STEP = 0.15
_BORDER = 1.0
_SMALLEST_AREA = 0.01


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where the pixels of narrow pictures lie in wide ones; n is the number of pixels of a narrow picture.

    Args:
        x: of the narrow pixels in their frame, float32 [P, n].
        y: likewise.
        column: in the wide picture, float32 [P, n].
        row: likewise.
        inside: whether that is in the wide picture, bool [P, n].
    """

    x: np.ndarray
    y: np.ndarray
    column: np.ndarray
    row: np.ndarray
    inside: np.ndarray

    def take(self, chosen: np.ndarray) -> Self:
        """Choose some pairs, by an int or bool array."""
        return type(self)(**{name: values[chosen] for name, values in vars(self).items()})


def place(
    affine: np.ndarray, extents: tuple[np.ndarray, np.ndarray], wide: tuple[int, int], narrow: tuple[int, int]
) -> Placed:
    """Find where narrow pixels lie in wide pictures.

    Args:
        affine: from the narrow frames to the wide ones, float32 [P, 2, 3].
        extents: half extents of the wide and of the narrow pictures, each float32 [P, 2].
        wide: height and width of the wide pictures in pixels.
        narrow: height and width of the narrow ones.
    """
    (rows, columns), sizes = narrow, (wide[1], wide[0])
    x = extents[1][:, :1] * np.tile(_centres(columns), rows)
    y = extents[1][:, 1:] * np.repeat(_centres(rows), columns)
    column, row = (
        (affine[:, a, :1] * x + affine[:, a, 1:2] * y + affine[:, a, 2:]) * (size / 2 / extents[0][:, a : a + 1])
        + np.float32(size / 2 - 0.5)
        for a, size in enumerate(sizes)
    )
    inside = _within(column, sizes[0]) & _within(row, sizes[1])
    return Placed(x=x, y=y, column=column, row=row, inside=inside)


def bilinear(planes: np.ndarray, placed: Placed) -> np.ndarray:
    """Read float32 [P, H, W] or [P, H, W, C] at fractional places, clipped to the picture: [P, n] or [P, n, C]."""
    count, height, width = planes.shape[:3]
    column, row = np.clip(placed.column, 0, width - 1.001), np.clip(placed.row, 0, height - 1.001)
    left, top = column.astype(np.int64), row.astype(np.int64)
    trailing = (1,) * (planes.ndim - 3)
    right = (column - left).astype(np.float32).reshape(*left.shape, *trailing)
    down = (row - top).astype(np.float32).reshape(*left.shape, *trailing)
    flat = planes.reshape(count * height * width, *planes.shape[3:])
    corner = (np.arange(count) * height * width)[:, None] + top * width + left
    upper: np.ndarray = flat.take(corner, 0)
    lower = flat.take(corner + width, 0)
    upper += (flat.take(corner + 1, 0) - upper) * right
    lower += (flat.take(corner + width + 1, 0) - lower) * right
    upper += (lower - upper) * down
    return upper


def align(
    wide: np.ndarray, narrow: np.ndarray, affine: np.ndarray, extents: tuple[np.ndarray, np.ndarray], *, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Refine affine maps so that the wide pictures, read through them, look like the narrow ones.

    Args:
        wide: smooth brightness, float32 [P, H, W].
        narrow: the same of the others, float32 [P, h, w].
        affine: first guesses, float32 [P, 2, 3].
        extents: half extents of the wide and of the narrow pictures, each float32 [P, 2].
        steps: how many Gauss-Newton steps, 1 or more.

    Returns:
        the refined maps, and the correlation of brightness over the overlap just before the last step [P].
    """
    target = narrow.reshape(len(narrow), narrow.shape[1] * narrow.shape[2])
    correlation = np.zeros(len(wide), np.float32)
    for _ in range(steps):
        placed = place(affine, extents, wide.shape[1:], narrow.shape[1:])
        read, mask = bilinear(wide, placed), placed.inside.astype(np.float32)
        seen, wanted = _centred(read, mask), _centred(target, mask)
        power = np.maximum((seen * seen).sum(axis=1, keepdims=True), 1e-3)
        both = (seen * wanted).sum(axis=1, keepdims=True)
        correlation = (both / np.sqrt(power * np.maximum((wanted * wanted).sum(axis=1, keepdims=True), 1e-3)))[:, 0]
        gain = np.clip(both / power, 0.2, 5)
        along, below = (part * mask * gain for part in _slopes(read.reshape(narrow.shape), affine, extents[1]))
        x, y = placed.x, placed.y
        slopes = np.stack([along * x, along * y, along, below * x, below * y, below], axis=1)
        affine = affine + _step(slopes, wanted - gain * seen)
    return affine, correlation


def _slopes(read: np.ndarray, affine: np.ndarray, extents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How the wide picture changes along its own axes, from how its reading changes along the narrow one's: [P, n]."""
    down, across = np.gradient(read, axis=(1, 2))
    count, height, width = read.shape
    across = across.reshape(count, height * width) * (width / 2 / extents[:, :1])
    down = down.reshape(count, height * width) * (height / 2 / extents[:, 1:])
    (a, b), (c, d) = (affine[:, row, :2].T[:, :, None] for row in (0, 1))
    area = a * d - b * c
    area = np.where(np.abs(area) < _SMALLEST_AREA, _SMALLEST_AREA, area)
    return (d * across - c * down) / area, (a * down - b * across) / area


def _within(place: np.ndarray, size: int) -> np.ndarray:
    return (place >= _BORDER) & (place <= size - 1 - _BORDER)


def _centres(count: int) -> np.ndarray:
    return ((np.arange(count) + 0.5) / count * 2 - 1).astype(np.float32)


def _centred(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    count = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    centred: np.ndarray = (values - (values * mask).sum(axis=1, keepdims=True) / count) * mask
    return centred


def _step(slopes: np.ndarray, rest: np.ndarray) -> np.ndarray:
    normal = slopes @ slopes.transpose(0, 2, 1)
    damping = 1e-3 * np.trace(normal, axis1=1, axis2=2)[:, None, None] / 6 + 1e-6
    moved = np.linalg.solve(normal + damping * np.eye(6, dtype=np.float32), slopes @ rest[..., None])[..., 0]
    return np.clip(moved, -_LARGEST_STEP, _LARGEST_STEP).reshape(-1, 2, 3).astype(np.float32)
