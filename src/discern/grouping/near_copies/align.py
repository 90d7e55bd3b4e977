"""Functions that register batches of image pairs by affine maps, with Gauss-Newton optimisation.

The method of Lucas and Kanade (1981), "An iterative image registration technique with an application to stereo
vision", with a brightness gain; frames and units are those of `discern.grouping.near_copies.rotation_invariants`.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

_MAX_STEP = 0.15
_BORDER = 1.0
_MIN_DETERMINANT = 0.01


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """Pixel correspondences between pairs of registered images.

    The pixels are the n = h * w of the narrow picture of each pair; they are placed in its wide one.

    Args:
        x: frame coordinates of the narrow pixels' columns, float32 [P, w].
        y: frame coordinates of their rows, float32 [P, h].
        column: fractional column of each pixel in the wide picture, float32 [P, n].
        row: fractional row of each pixel in the wide picture, float32 [P, n].
        inside: whether that position is within the wide picture, bool [P, n].
    """

    x: np.ndarray
    y: np.ndarray
    column: np.ndarray
    row: np.ndarray
    inside: np.ndarray

    def take(self, at: np.ndarray) -> Self:
        """Select image pairs by an index array or a mask."""
        return type(self)(**{name: values[at] for name, values in vars(self).items()})


def place(
    affine: np.ndarray, extents: tuple[np.ndarray, np.ndarray], wide: tuple[int, int], narrow: tuple[int, int]
) -> Alignment:
    """Map the pixel positions of one image of each pair to the other by an affine map.

    Args:
        affine: maps from the narrow frames to the wide ones, float32 [P, 2, 3].
        extents: half extents of the wide and of the narrow pictures, each float32 [P, 2].
        wide: height and width of the wide pictures, in pixels.
        narrow: height and width of the narrow pictures, in pixels.
    """
    x, y = extents[1][:, :1] * _centres(narrow[1]), extents[1][:, 1:] * _centres(narrow[0])
    column, row = (
        _coordinate(affine[:, a] * (size / 2 / extents[0][:, a : a + 1]), x, y) + np.float32(size / 2 - 0.5)
        for a, size in enumerate((wide[1], wide[0]))
    )
    inside = _within(column, wide[1]) & _within(row, wide[0])
    return Alignment(x=x, y=y, column=column, row=row, inside=inside)


def _coordinate(affine: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Compute one coordinate of a grid of points under affine maps."""
    along, down = affine[:, :1] * x, affine[:, 1:2] * y + affine[:, 2:]
    points: np.ndarray = (down[:, :, None] + along[:, None, :]).reshape(len(x), y.shape[1] * x.shape[1])
    return points


def bilinear(planes: np.ndarray, placed: Alignment) -> np.ndarray:
    """Sample images at fractional positions by bilinear interpolation.

    Positions are clipped to the image. Maps float32 [P, H, W] or [P, H, W, C] to [P, n] or [P, n, C].
    """
    count, height, width = planes.shape[:3]
    column, row = np.clip(placed.column, 0, width - 1.001), np.clip(placed.row, 0, height - 1.001)
    left, top = np.floor(column), np.floor(row)
    trailing = (1,) * (planes.ndim - 3)
    right = (column - left).reshape(*left.shape, *trailing)
    down = (row - top).reshape(*left.shape, *trailing)
    flat = planes.reshape(count * height * width, *planes.shape[3:])
    corner = (top * np.float32(width) + left).astype(np.int64) + (np.arange(count) * height * width)[:, None]
    upper, lower = (_between(flat[start:], corner, right) for start in (0, width))
    lower -= upper
    lower *= down
    upper += lower
    return upper


def _between(flat: np.ndarray, position: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Interpolate between the values at positions and those that follow them."""
    value: np.ndarray = flat.take(position, 0)
    step = flat[1:].take(position, 0)
    step -= value
    step *= share
    value += step
    return value


def align(
    wide: np.ndarray, narrow: np.ndarray, affine: np.ndarray, extents: tuple[np.ndarray, np.ndarray], *, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Refine the affine maps between pairs of images by Gauss-Newton steps.

    Args:
        wide: smoothed brightness of the wide pictures, float32 [P, H, W].
        narrow: smoothed brightness of the narrow pictures, float32 [P, h, w]; the wide ones sampled through the maps
            are to match them.
        affine: initial maps, float32 [P, 2, 3].
        extents: half extents of the wide and of the narrow pictures, each float32 [P, 2].
        steps: number of Gauss-Newton steps, 1 or more.

    Returns:
        The refined maps, and the correlation of brightness over the overlap before the last step, [P].
    """
    target = narrow.reshape(len(narrow), narrow.shape[1] * narrow.shape[2])
    correlation = np.zeros(len(wide), np.float32)
    for _ in range(steps):
        placed = place(affine, extents, wide.shape[1:], narrow.shape[1:])
        sampled, mask = bilinear(wide, placed), placed.inside.astype(np.float32)
        source, goal = _centred(sampled, mask), _centred(target, mask)
        power = np.maximum((source * source).sum(axis=1, keepdims=True), 1e-3)
        product = (source * goal).sum(axis=1, keepdims=True)
        correlation = (product / np.sqrt(power * np.maximum((goal * goal).sum(axis=1, keepdims=True), 1e-3)))[:, 0]
        gain = np.clip(product / power, 0.2, 5)
        along, below = _gradients(
            sampled.reshape(narrow.shape), mask.reshape(narrow.shape) * gain[:, :, None], affine, extents[1]
        )
        x, y = placed.x[:, None, :], placed.y[:, :, None]
        residual = (goal - gain * source).reshape(narrow.shape)
        affine = affine + _step(np.stack([along * x, along * y, along, below * x, below * y, below, residual], axis=1))
    return affine, correlation


def _gradients(
    sampled: np.ndarray, weight: np.ndarray, affine: np.ndarray, extents: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the weighted brightness gradients of sampled images."""
    _, height, width = sampled.shape
    down, across = slopes(sampled.transpose(0, 2, 1)).transpose(0, 2, 1) * weight, slopes(sampled) * weight
    x, y = (size / 2 / extents[:, a, None, None] for a, size in enumerate((width, height)))
    (a, b), (c, d) = (affine[:, row, :2].T[:, :, None, None] for row in (0, 1))
    determinant = a * d - b * c
    determinant = np.where(np.abs(determinant) < _MIN_DETERMINANT, _MIN_DETERMINANT, determinant)
    horizontal = (d * x / determinant) * across - (c * y / determinant) * down
    return horizontal, (a * y / determinant) * down - (b * x / determinant) * across


def slopes(planes: np.ndarray) -> np.ndarray:
    """Compute the slope along the last axis: `np.gradient` takes longer on small pictures."""
    result = np.empty_like(planes)
    np.subtract(planes[..., 2:], planes[..., :-2], out=result[..., 1:-1])
    result[..., 1:-1] *= 0.5
    np.subtract(planes[..., 1], planes[..., 0], out=result[..., 0])
    np.subtract(planes[..., -1], planes[..., -2], out=result[..., -1])
    return result


def _within(position: np.ndarray, size: int) -> np.ndarray:
    return (position >= _BORDER) & (position <= size - 1 - _BORDER)


def _centres(count: int) -> np.ndarray:
    return ((np.arange(count) + 0.5) / count * 2 - 1).astype(np.float32)


def _centred(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    count = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    centred: np.ndarray = (values - (values * mask).sum(axis=1, keepdims=True) / count) * mask
    return centred


def _step(jacobian_and_residual: np.ndarray) -> np.ndarray:
    """Solve the damped normal equations of a Gauss-Newton step.

    The argument holds six derivatives and the residual, float32 [P, 7, h, w]. The result is a step [P, 2, 3].
    """
    count, terms, height, width = jacobian_and_residual.shape
    flat = jacobian_and_residual.reshape(count, terms, height * width)
    products = flat[:, :6] @ flat.transpose(0, 2, 1)
    normal, moments = products[:, :, :6], products[:, :, 6:]
    damping = 1e-3 * np.trace(normal, axis1=1, axis2=2)[:, None, None] / 6 + 1e-6
    step = np.linalg.solve(normal + damping * np.eye(6, dtype=np.float32), moments)[..., 0]
    return np.clip(step, -_MAX_STEP, _MAX_STEP).reshape(-1, 2, 3).astype(np.float32)
