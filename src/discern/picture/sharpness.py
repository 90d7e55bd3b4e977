"""How sharp a picture is, whatever it shows: taken from its pixels alone."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from discern.picture.pixel_hash import require_pixels

_SIDE = 256
_WINDOW = 16
_ONE_IN = 10
_FEWEST = 4
_LEAST_CONTRAST = 16


def sharpness(pixels: np.ndarray) -> float | None:
    """How steep the strongest edges are: the largest step between neighbours over the contrast around it.

    A sharp edge rises within a pixel or two wherever it stands, and a blurred one takes many; so smooth and plain
    pictures with a few clear outlines are as sharp as busy ones. It is measured in that tenth of all windows of 16 x 16
    pixels which has the most contrast: noise and the seams of a JPEG's blocks are small beside it.

    Args:
        pixels: uint8 [H, W, 3]. Larger ones are looked at as if they had the area of 256 x 256.

    Returns:
        In (0, 1], about the inverse of an edge's width in pixels: photographs have .4 to .8, clearly blurred ones less
        than .25. None where no window has a contrast of 16 levels, or a side is below 16 pixels.
    """
    measured = measure_sharpness([green_of(require_pixels(pixels))])[0]
    return None if np.isnan(measured) else float(measured)


def measure_sharpness(greens: Sequence[np.ndarray]) -> np.ndarray:
    """`sharpness` of many pictures, quicker together: float64 [n], NaN where nothing can be said.

    Args:
        greens: each uint8 [H, W], as `green_of` gives them.
    """
    measured = np.full(len(greens), np.nan)
    shapes: dict[tuple[int, ...], list[int]] = {}
    for at, green in enumerate(greens):
        shapes.setdefault(green.shape, []).append(at)
    for shape, alike in shapes.items():
        if min(shape) >= _WINDOW:
            measured[alike] = _steepness(_windows(np.stack([greens[at] for at in alike])))
    return measured


def _steepness(windows: np.ndarray) -> np.ndarray:
    """Of windows of n pictures, uint8 [n, down, 16, across, 16]: float64 [n]."""
    count, across = len(windows), windows.shape[3]
    contrast = _contrast(windows)
    most = max(_FEWEST, -(-contrast.shape[1] // _ONE_IN))
    busiest = np.argsort(-contrast, axis=1, kind="stable")[:, :most]
    contrast = np.take_along_axis(contrast, busiest, axis=1)
    chosen = windows[np.arange(count)[:, None], busiest // across, :, busiest % across].astype(np.int16)
    steps = [np.abs(np.diff(chosen, axis=axis)).max(axis=(2, 3)) for axis in (2, 3)]
    clear = contrast >= _LEAST_CONTRAST
    slopes = np.where(clear, np.maximum(*steps) / np.maximum(contrast, 1), 0)
    found = clear.sum(axis=1)
    return np.where(found > 0, slopes.sum(axis=1) / np.maximum(found, 1), np.nan)


def green_of(pixels: np.ndarray) -> np.ndarray:
    """The green of uint8 [H, W, 3], brought down to the area of 256 x 256.

    Much larger pictures first lose lines, which costs no sharpness.
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
    """Cut uint8 [n, H, W] into windows: uint8 [n, down, 16, across, 16]."""
    down, across = (side // _WINDOW for side in grey.shape[1:])
    whole = np.ascontiguousarray(grey[:, : down * _WINDOW, : across * _WINDOW])
    return whole.reshape(len(grey), down, _WINDOW, across, _WINDOW)


def _contrast(windows: np.ndarray) -> np.ndarray:
    """Brightest less darkest in each window: int16 [n, down * across]."""
    highest, lowest = windows.max(axis=2).max(axis=3), windows.min(axis=2).min(axis=3)
    contrast: np.ndarray = (highest - lowest).reshape(len(windows), -1).astype(np.int16)
    return contrast
