"""Functions that measure the similarity of registered images in structure and colour.

Global correlation is dominated by the strongest edges: two shirts of one outline correlate at .97. So each window is
normalised by itself (zero-normalised cross-correlation), and weighted by its texture.
"""

import numpy as np

from discern.grouping.near_copies.rotation_invariants import brightness

_CELL = 4
_NOISE = 3.0  # grey levels; not tuned
_GREY = 0.04  # difference of chromaticity from grey, about 5 of 255 in a pixel of medium brightness
_COLOURED = 0.02  # largest share of pixels that differ by more in a grey picture


def windows_agree(first: np.ndarray, second: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the mean correlation of registered images over small windows.

    The windows have 8 x 8 pixels and overlap by half.

    Args:
        first: grey levels, float32 [P, H, W].
        second: grey levels of the images registered with them, of the same shape.
        inside: pixels that both images cover, bool [P, H, W].

    Returns:
        The mean correlation over windows with texture in either image, [P] in [-1, 1], and the share of windows with
        texture, [P] in [0, 1].
    """
    mask = inside.astype(np.float32)
    count = np.maximum(_windows(mask), 1e-3)
    mean_a, mean_b = _windows(first * mask) / count, _windows(second * mask) / count
    var_a = np.maximum(_windows(first * first * mask) / count - mean_a**2, 1e-2)
    var_b = np.maximum(_windows(second * second * mask) / count - mean_b**2, 1e-2)
    covariance = _windows(first * second * mask) / count - mean_a * mean_b
    correlation = np.clip(covariance / np.sqrt(var_a * var_b), -1, 1)
    strongest = np.maximum(var_a, var_b)
    full = count >= 2 * _CELL * _CELL
    weight = full * strongest**2 / (strongest**2 + _NOISE**4)
    total = weight.sum(axis=(1, 2))
    agreement = (correlation * weight).sum(axis=(1, 2)) / np.maximum(total, 1e-6)
    return agreement, total / np.maximum(full.sum(axis=(1, 2)), 1)


def _windows(values: np.ndarray) -> np.ndarray:
    _, height, width = values.shape
    cropped = values[:, : height - height % _CELL, : width - width % _CELL]
    rows = np.add.reduce([cropped[:, offset::_CELL] for offset in range(_CELL)])
    cells = np.add.reduce([rows[:, :, offset::_CELL] for offset in range(_CELL)])
    windows: np.ndarray = cells[:, :-1, :-1] + cells[:, :-1, 1:] + cells[:, 1:, :-1] + cells[:, 1:, 1:]
    return windows


def colours_differ(first: np.ndarray, second: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Measure the colour differences between registered images.

    A picture without colours may be a grey version of the other, so that such a pair is compared in brightness only.

    Args:
        first: RGB values, float32 [P, H, W, 3], 0-255.
        second: RGB values of the images registered with them, of the same shape.
        inside: pixels that both images cover, bool [P, H, W].

    Returns:
        The mean absolute difference of chromaticity, summed over red, green and blue, [P] in [0, 2], 0 where either
        picture is grey; and that of log brightness, [P].
    """
    mask = inside / np.maximum(inside.sum(axis=(1, 2), keepdims=True), 1)
    shares = [(picture + 10) / (_over_colours(picture) + 30)[..., None] for picture in (first, second)]
    lights = [np.log(brightness(picture) + 16) for picture in (first, second)]
    hue = (_over_colours(np.abs(shares[0] - shares[1])) * mask).sum(axis=(1, 2))
    light = (np.abs(lights[0] - lights[1]) * mask).sum(axis=(1, 2))
    grey = [((_over_colours(np.abs(share - 1 / 3)) > _GREY) * mask).sum(axis=(1, 2)) <= _COLOURED for share in shares]
    return np.where(grey[0] | grey[1], 0, hue), light


def _over_colours(pictures: np.ndarray) -> np.ndarray:
    """Sum over the last axis of three colours, faster than `np.sum`."""
    total: np.ndarray = pictures[..., 0] + pictures[..., 1] + pictures[..., 2]
    return total
