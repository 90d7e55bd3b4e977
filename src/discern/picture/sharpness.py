"""Functions that measure the sharpness of images independently of their content."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from discern.picture.pixel_hash import require_pixels

_SIDE = 256
_WINDOW = 16
_ONE_WINDOW_IN = 10
_MIN_WINDOWS = 4
_MIN_CONTRAST = 16


def sharpness(pixels: np.ndarray) -> float | None:
    """Measure the sharpness of an image by the steepness of its edges.

    Steepness is the largest step between neighbouring pixels, divided by the local contrast. Only the tenth of all
    windows of 16 x 16 pixels with the highest contrast counts, so that plain pictures with a few clear outlines score
    as high as busy ones: noise and the block edges of a JPEG are small compared with it.

    Args:
        pixels: uint8 [H, W, 3]; larger pictures are reduced to the area of 256 x 256.

    Returns:
        In (0, 1], about the inverse of the width of an edge in pixels: .4 to .8 for photographs, below .25 for clearly
        blurred ones. None where no window has a contrast of 16 levels, or a side is below 16 pixels.
    """
    measured = measure_sharpness([green_of(require_pixels(pixels))])[0]
    return None if np.isnan(measured) else float(measured)


def measure_sharpness(greens: Sequence[np.ndarray]) -> np.ndarray:
    """Measure the sharpness of many images (see `sharpness`).

    The result is float64 [n], NaN where `sharpness` gives None.

    Args:
        greens: green channels as returned by `green_of`, each uint8 [H, W].
    """
    measured = np.full(len(greens), np.nan)
    shapes: dict[tuple[int, ...], list[int]] = {}
    for at, green in enumerate(greens):
        shapes.setdefault(green.shape, []).append(at)
    for shape, positions in shapes.items():
        if min(shape) >= _WINDOW:
            stacked = greens[positions[0]][None] if len(positions) == 1 else np.stack([greens[at] for at in positions])
            measured[positions] = _steepness(_windows(stacked))
    return measured


def _steepness(windows: np.ndarray) -> np.ndarray:
    """Compute the mean steepness of edges in the windows of each image.

    Few and plain calls of numpy, as a server measures one picture at a time: between two of them the network has taken
    the processor's caches, and each function that is called costs far more than its work.
    """
    count, across = len(windows), windows.shape[3]
    contrast = _contrast(windows)
    most = max(_MIN_WINDOWS, -(-contrast.shape[1] // _ONE_WINDOW_IN))
    busiest = (-contrast).argsort(axis=1, kind="stable")[:, :most]
    picture = np.arange(count)[:, None]
    contrast = contrast[picture, busiest]
    chosen = windows[picture, busiest // across, :, busiest % across].astype(np.int16)
    down, right = chosen[:, :, 1:] - chosen[:, :, :-1], chosen[..., 1:] - chosen[..., :-1]
    steps = np.maximum(_largest(down), _largest(right))
    has_edge = contrast >= _MIN_CONTRAST
    slopes = steps / np.maximum(contrast, 1) * has_edge
    edges = has_edge.sum(axis=1)
    return np.asarray(slopes.sum(axis=1) / np.where(edges > 0, edges, np.nan))


def _largest(steps: np.ndarray) -> np.ndarray:
    """Return the largest absolute step in each window."""
    flat = steps.reshape(*steps.shape[:2], -1)
    return np.asarray(np.maximum(flat.max(axis=2), -flat.min(axis=2)))


def green_of(pixels: np.ndarray) -> np.ndarray:
    """Extract the green channel of an image and reduce it to a limited area.

    Much larger images are subsampled first, which keeps edges sharp.
    """
    green: np.ndarray = pixels[..., 1]
    height, width = green.shape
    scale = _SIDE / float(height * width) ** 0.5
    if scale >= 1:
        return green.copy()
    step = max(1, int(0.7 / scale))
    image = Image.fromarray(np.ascontiguousarray(green[::step, ::step]))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(image.resize(size, Image.Resampling.BOX))


def _windows(grey: np.ndarray) -> np.ndarray:
    """Divide each image into square windows."""
    down, across = (side // _WINDOW for side in grey.shape[1:])
    cropped = np.ascontiguousarray(grey[:, : down * _WINDOW, : across * _WINDOW])
    return cropped.reshape(len(grey), down, _WINDOW, across, _WINDOW)


def _contrast(windows: np.ndarray) -> np.ndarray:
    """Compute the contrast of each image window as its maximum minus its minimum."""
    highest, lowest = windows.max(axis=2).max(axis=3), windows.min(axis=2).min(axis=3)
    contrast: np.ndarray = (highest - lowest).reshape(len(windows), -1).astype(np.int16)
    return contrast
