"""Tone mapping of frames with a high dynamic range, as phones record them, to sRGB.

The curve is not tuned: it leaves what is darker than a white sheet of paper nearly as it is, and rolls off highlights.
"""

from functools import cache

import numpy as np

PQ, HLG = 16, 18
"""Codes of the transfer functions of SMPTE ST 2084 and ARIB STD-B67 (ITU-T H.273)."""

TRANSFERS = (PQ, HLG)

_WHITE = 203.0  # candela per square metre of diffuse white (ITU-R BT.2408)
_HLG_PEAK, _HLG_GAMMA = 1000.0, 1.2  # display of the reference (ITU-R BT.2100)
_KNEE = 0.6
_BT2020_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)
_BT2020_TO_BT709 = np.array(  # ITU-R BT.2087
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
_STEPS = 4096
_ROWS = 64  # not tuned: mapped at a time, to bound the memory that a large frame takes


def map_tones(pixels: np.ndarray, transfer: int) -> np.ndarray:
    """Convert a frame of BT.2020 colours with a high dynamic range to sRGB.

    Args:
        pixels: non-linear R'G'B', uint16 [H, W, 3], full range.
        transfer: `PQ` or `HLG`.

    Returns:
        uint8 [H, W, 3].
    """
    mapped = np.empty(pixels.shape, np.uint8)
    for start in range(0, len(pixels), _ROWS):
        mapped[start : start + _ROWS] = _map_rows(pixels[start : start + _ROWS], transfer)
    return mapped


def _map_rows(pixels: np.ndarray, transfer: int) -> np.ndarray:
    light = _light_of(transfer)[pixels]
    if transfer == HLG:
        luminance = light @ _BT2020_LUMINANCE
        light *= (_HLG_PEAK / _WHITE) * np.maximum(luminance, 1e-6)[..., None] ** (_HLG_GAMMA - 1)
    brightest = light.max(axis=2, keepdims=True)
    light *= _roll_off(brightest) / np.maximum(brightest, 1e-6)
    light = np.clip(light @ _BT2020_TO_BT709.T, 0, 1)
    levels: np.ndarray = _srgb_levels()[(light * _STEPS).astype(np.uint16)]
    return levels


def _roll_off(light: np.ndarray) -> np.ndarray:
    """Compress light above the knee so that it approaches 1; value and slope are continuous."""
    above = np.maximum(light - _KNEE, 0)
    rolled: np.ndarray = np.minimum(light, _KNEE) + (1 - _KNEE) * -np.expm1(-above / (1 - _KNEE))
    return rolled


@cache
def _light_of(transfer: int) -> np.ndarray:
    """Return the light of each signal level, float32 [65536]: of PQ in units of white, of HLG relative to the scene."""
    signal = np.arange(65536) / 65535
    if transfer == PQ:  # SMPTE ST 2084
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = signal ** (1 / m2)
        light = (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1) * 10000 / _WHITE
    else:  # ARIB STD-B67
        a = 0.17883277
        b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
        light = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return light.astype(np.float32)


@cache
def _srgb_levels() -> np.ndarray:
    """Return the sRGB level of light in steps, uint8 [4097]."""
    light = np.arange(_STEPS + 1) / _STEPS
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return np.round(255 * encoded).astype(np.uint8)
