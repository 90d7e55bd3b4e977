"""Functions that convert images of more than 8 bits per channel by a range of values.

Cameras of 10, 12 or 14 bits store their values in 16, of which they use a sliver: divided by 256, such pictures are
nearly black.
"""

import sys
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

FULL_RANGE = 65535
"""Value of white in a picture that uses all 16 bits."""

_MOST_BITS = 14  # half of the range is an ordinary dark picture; a quarter and less is a camera of fewer bits
_FEWEST_BITS = 8
_BAND = 256  # rows at a time, which bounds the memory
# Pillow's unpackers keep the first or the second byte of each value. Each of these keeps what the other drops.
_NATIVE_LOW = "16B" if sys.byteorder == "little" else "16L"
_LOW_BYTES = {"16B": "16L", "16L": "16B", "16N": _NATIVE_LOW}


def choose_white(peaks: Iterable[int | None]) -> int:
    """Choose the value that becomes white from the largest values of all pictures.

    Args:
        peaks: largest value of each picture with 16 bits per channel; None for other pictures.

    Returns:
        1 less than a power of two: what 8 to 14 bits hold if no picture exceeds it, and else `FULL_RANGE`.
    """
    bits = max(_FEWEST_BITS, max((peak for peak in peaks if peak is not None), default=FULL_RANGE).bit_length())
    return (1 << bits) - 1 if bits <= _MOST_BITS else FULL_RANGE


def deep_colour(image: ImageFile) -> str | None:
    """Return the name of Pillow's unpacker if an unread PNG or TIFF has colour or alpha of 16 bits, else None."""
    arguments = image.tile[0].args if image.tile else None
    name = arguments if isinstance(arguments, str) else arguments[0] if arguments else None
    is_deep = isinstance(name, str) and name.partition(";")[2] in _LOW_BYTES and image.mode in ("RGB", "RGBA", "LA")
    return name if is_deep else None


def peak_value(image: Image.Image, *, is_deep: bool) -> int | None:
    """Return the largest value of a decoded image with 16 bits per channel, or None for other images.

    Args:
        image: as loaded; of deep colours it holds the upper 8 bits, so the value is rounded up to a multiple of 256.
        is_deep: whether its colours had 16 bits.
    """
    if is_deep:
        bands = zip(image.split(), image.getbands(), strict=True)
        return max(len(np.trim_zeros(band.histogram(), "b")) - 1 for band, name in bands if name != "A") << 8 | 255
    if not image.mode.startswith("I"):
        return None
    values = np.asarray(image)
    return int(values.max()) if values.size and values.min() >= 0 and values.max() <= FULL_RANGE else None


def load_low_bytes(image: ImageFile) -> Image.Image | None:
    """Decode the lower 8 bits of an unread image of deep colour; None if Pillow has no unpacker for them."""
    tiles = []
    for tile in image.tile:
        name, *others = (tile.args,) if isinstance(tile.args, str) else tile.args or ("",)
        bands, _, order = name.partition(";")
        if bands not in ("RGB", "RGBA", "RGBX"):
            return None
        changed = f"{bands};{_LOW_BYTES[order]}"
        tiles.append(tile._replace(args=changed if isinstance(tile.args, str) else (changed, *others)))
    image.tile = tiles
    image.load()
    return image


def scale_deep_colour(high: Image.Image, low: Image.Image | None, white: int) -> Image.Image:
    """Scale the colours of an image with 16 bits per channel to 8, so that `white` becomes 255; alpha is kept.

    Args:
        high: the upper 8 bits.
        low: the lower 8 bits, or None: then the upper ones are scaled alone.
        white: the value that becomes white.
    """
    table, width = to_eight_bits(white), high.width
    scaled = Image.new(high.mode, high.size)
    for top in range(0, high.height, _BAND):
        box = (0, top, width, min(high.height, top + _BAND))
        upper = np.asarray(high.crop(box))
        lower = np.full_like(upper, 128) if low is None else np.asarray(low.crop(box))
        band = table[upper.astype(np.uint16) << 8 | lower]
        if high.mode.endswith("A"):
            band[..., -1] = upper[..., -1]
        scaled.paste(Image.fromarray(band), box)
    return scaled


@lru_cache(maxsize=4)
def to_eight_bits(white: int) -> np.ndarray:
    """Return the 8-bit value of each 16-bit value, rounded; uint8 [65536], read-only."""
    table = np.minimum(255, (np.arange(FULL_RANGE + 1) * 255 + white // 2) // white).astype(np.uint8)
    table.flags.writeable = False
    return table
