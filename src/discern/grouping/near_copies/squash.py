"""Functions that relate pictures whose aspect ratio was changed.

The *true frame* of a picture has units of half its shorter side: rotations and zooms keep shapes there. In the *square
frame*, x and y each run from -1 to 1 over the whole picture. A picture that was resized to another aspect ratio is
stretched in the true frame, but unchanged in the square one, also if it was mirrored or turned by quarters besides.
"""

import numpy as np

QUARTERS = 4
_MIN_CHANGE = 0.04  # natural logarithm; smaller changes are found in the true frame
_MAX_TILT = 0.15


def aspects_vary(extents: np.ndarray) -> bool:
    """Tell whether any two of the pictures differ in aspect ratio.

    The half extents are [n, 2].
    """
    return bool(np.ptp(_log_aspect(extents)) > _MIN_CHANGE)


def shapes_differ(wide: np.ndarray, narrow: np.ndarray, angle: np.ndarray | float = 0.0) -> np.ndarray:
    """Tell which pairs of pictures differ in aspect ratio.

    Args:
        wide: half extents of one picture of each pair, [P, 2].
        narrow: half extents of the other, [P, 2].
        angle: angle by which the other is rotated, in radians, [P].

    Returns:
        bool [P].
    """
    turned = np.abs(np.sin(angle)) > np.sqrt(0.5)
    change = _log_aspect(wide) - np.where(turned, -1, 1) * _log_aspect(narrow)
    differ: np.ndarray = np.abs(change) > _MIN_CHANGE
    return differ


def true_maps(square: np.ndarray, wide: np.ndarray, narrow: np.ndarray) -> np.ndarray:
    """Convert affine maps between square frames to maps between true frames.

    Args:
        square: maps from the square frames of the narrow pictures to those of the wide ones, float32 [P, 2, 3].
        wide: half extents of the wide pictures, float32 [P, 2].
        narrow: half extents of the narrow pictures, float32 [P, 2].
    """
    columns = np.concatenate([narrow, np.ones_like(narrow[:, :1])], axis=1)
    maps: np.ndarray = square * wide[:, :, None] / columns[:, None, :]
    return maps


def is_shape_kept(affine: np.ndarray, extents: tuple[np.ndarray, np.ndarray], max_anisotropy: float) -> np.ndarray:
    """Tell which affine maps keep shapes in the true frame, or in the square frame without a tilt.

    Args:
        affine: maps from the true frames of the narrow pictures to those of the wide ones, float32 [P, 2, 3].
        extents: half extents of the wide and of the narrow pictures, each float32 [P, 2].
        max_anisotropy: largest ratio of the scales of a map in two directions.

    Returns:
        bool [P].
    """
    wide, narrow = extents
    square = np.abs(true_maps(affine, 1 / wide, 1 / narrow)[:, :, :2])
    straight, crossed = square[:, [0, 1], [0, 1]], square[:, [0, 1], [1, 0]]
    along, across = np.maximum(straight, crossed), np.minimum(straight, crossed)
    upright = across.max(axis=1) <= _MAX_TILT * along.min(axis=1)
    stretched = upright & (along.max(axis=1) <= max_anisotropy * along.min(axis=1))
    scales = np.linalg.svd(affine[:, :, :2], compute_uv=False)
    kept: np.ndarray = (scales[:, 0] <= max_anisotropy * scales[:, 1]) | stretched
    return kept


def _log_aspect(extents: np.ndarray) -> np.ndarray:
    aspect: np.ndarray = np.log(extents[:, 0] / extents[:, 1])
    return aspect
