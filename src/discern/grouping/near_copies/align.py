"""Laying one picture onto another, many pairs at once: Gauss-Newton on an affine map, brightness gain fitted along.

The classic scheme of Lucas and Kanade (1981), "An iterative image registration technique with an application to stereo
vision"; frames and units are those of `discern.grouping.near_copies.rotation_invariants`.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

_LARGEST_STEP = 0.15
_BORDER = 1.0
_SMALLEST_AREA = 0.01


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """Where the pixels of narrow pictures lie in wide ones; n is the number of pixels of a narrow picture.

    Args:
        x: of the narrow pixels' columns in their frame, float32 [P, w].
        y: of their rows, float32 [P, h].
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
) -> Alignment:
    """Find where narrow pixels lie in wide pictures.

    Args:
        affine: from the narrow frames to the wide ones, float32 [P, 2, 3].
        extents: half extents of the wide and of the narrow pictures, each float32 [P, 2].
        wide: height and width of the wide pictures in pixels.
        narrow: height and width of the narrow ones.
    """
    x, y = extents[1][:, :1] * _centres(narrow[1]), extents[1][:, 1:] * _centres(narrow[0])
    column, row = (
        _coordinate(affine[:, a] * (size / 2 / extents[0][:, a : a + 1]), x, y) + np.float32(size / 2 - 0.5)
        for a, size in enumerate((wide[1], wide[0]))
    )
    inside = _within(column, wide[1]) & _within(row, wide[0])
    return Alignment(x=x, y=y, column=column, row=row, inside=inside)


def _coordinate(affine: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where affine maps to one axis, float32 [P, 3], lead the points of a grid: float32 [P, h * w]."""
    along, down = affine[:, :1] * x, affine[:, 1:2] * y + affine[:, 2:]
    points: np.ndarray = (down[:, :, None] + along[:, None, :]).reshape(len(x), y.shape[1] * x.shape[1])
    return points


def bilinear(planes: np.ndarray, placed: Alignment) -> np.ndarray:
    """Read float32 [P, H, W] or [P, H, W, C] at fractional places, clipped to the picture: [P, n] or [P, n, C]."""
    count, height, width = planes.shape[:3]
    column, row = np.clip(placed.column, 0, width - 1.001), np.clip(placed.row, 0, height - 1.001)
    left, top = np.floor(column), np.floor(row)
    trailing = (1,) * (planes.ndim - 3)
    right = (column - left).reshape(*left.shape, *trailing)
    down = (row - top).reshape(*left.shape, *trailing)
    flat = planes.reshape(count * height * width, *planes.shape[3:])
    corner = (top * np.float32(width) + left).astype(np.int64) + (np.arange(count) * height * width)[:, None]
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
        along, below = _slopes(
            read.reshape(narrow.shape), mask.reshape(narrow.shape) * gain[:, :, None], affine, extents[1]
        )
        x, y = placed.x[:, None, :], placed.y[:, :, None]
        rest = (wanted - gain * seen).reshape(narrow.shape)
        affine = affine + _step(np.stack([along * x, along * y, along, below * x, below * y, below, rest], axis=1))
    return affine, correlation


def _slopes(
    read: np.ndarray, weight: np.ndarray, affine: np.ndarray, extents: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How the wide picture changes along its own axes, from how its reading changes along the narrow one's, weighed.

    Each is float32 [P, h, w].
    """
    down, across = np.gradient(read, axis=(1, 2))
    _, height, width = read.shape
    down, across = down * weight, across * weight
    x, y = (size / 2 / extents[:, a, None, None] for a, size in enumerate((width, height)))
    (a, b), (c, d) = (affine[:, row, :2].T[:, :, None, None] for row in (0, 1))
    area = a * d - b * c
    area = np.where(np.abs(area) < _SMALLEST_AREA, _SMALLEST_AREA, area)
    return (d * x / area) * across - (c * y / area) * down, (a * y / area) * down - (b * x / area) * across


def _within(place: np.ndarray, size: int) -> np.ndarray:
    return (place >= _BORDER) & (place <= size - 1 - _BORDER)


def _centres(count: int) -> np.ndarray:
    return ((np.arange(count) + 0.5) / count * 2 - 1).astype(np.float32)


def _centred(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    count = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    centred: np.ndarray = (values - (values * mask).sum(axis=1, keepdims=True) / count) * mask
    return centred


def _step(slopes_and_rest: np.ndarray) -> np.ndarray:
    """Solve the normal equations of six slopes and what they should explain, float32 [P, 7, h, w]: a step [P, 2, 3]."""
    count, terms, height, width = slopes_and_rest.shape
    flat = slopes_and_rest.reshape(count, terms, height * width)
    products = flat[:, :6] @ flat.transpose(0, 2, 1)
    normal, wanted = products[:, :, :6], products[:, :, 6:]
    damping = 1e-3 * np.trace(normal, axis1=1, axis2=2)[:, None, None] / 6 + 1e-6
    moved = np.linalg.solve(normal + damping * np.eye(6, dtype=np.float32), wanted)[..., 0]
    return np.clip(moved, -_LARGEST_STEP, _LARGEST_STEP).reshape(-1, 2, 3).astype(np.float32)
