"""How sharp a picture is, whatever it shows: taken from its pixels alone."""

import numpy as np
from PIL import Image

from discern.picture.pixels import require_pixels

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
    windows = _windows(_reduced(require_pixels(pixels)[..., 1]))
    contrast = _contrast(windows)
    busiest = np.argsort(-contrast, kind="stable")[: max(_FEWEST, -(-len(contrast) // _ONE_IN))]
    busiest = busiest[contrast[busiest] >= _LEAST_CONTRAST]
    if not len(busiest):
        return None
    chosen = windows[busiest // windows.shape[2], :, busiest % windows.shape[2]].astype(np.int16)
    steps = [np.abs(np.diff(chosen, axis=axis)).max(axis=(1, 2)) for axis in (1, 2)]
    return float(np.mean(np.maximum(*steps) / contrast[busiest]))


def _reduced(green: np.ndarray) -> np.ndarray:
    """Bring uint8 [H, W] down to the area of 256 x 256; much larger ones first lose lines, which costs no sharpness."""
    height, width = green.shape
    scale = _SIDE / float(height * width) ** 0.5
    if scale >= 1:
        return green
    step = max(1, int(0.7 / scale))
    image = Image.fromarray(np.ascontiguousarray(green[::step, ::step]))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(image.resize(size, Image.Resampling.BOX))


def _windows(grey: np.ndarray) -> np.ndarray:
    """Cut uint8 [H, W] into windows: uint8 [down, 16, across, 16]."""
    down, across = (side // _WINDOW for side in grey.shape)
    whole = np.ascontiguousarray(grey[: down * _WINDOW, : across * _WINDOW])
    return whole.reshape(down, _WINDOW, across, _WINDOW)


def _contrast(windows: np.ndarray) -> np.ndarray:
    """Brightest less darkest in each window: int16 [down * across]."""
    highest, lowest = windows.max(axis=1).max(axis=2), windows.min(axis=1).min(axis=2)
    contrast: np.ndarray = (highest - lowest).ravel().astype(np.int16)
    return contrast
