"""How much memory a picture takes while it is decoded, and how much all threads together may take."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
from PIL import Image

from discern.errors import PictureTooLarge
from discern.picture.file_format import Limits

_TOGETHER = 900_000_000
_BAND = 256
# Measured, bytes for each pixel: Pillow's own picture and the array that is given, ...
_PLAIN = 7
# ... what becomes of other modes before, ...
_OTHER_MODES = {"RGB": 0, "1": 2, "L": 2, "P": 2, "I;16": 3, "I;16B": 3}
_LARGEST_MODES = 5
_CLEAR = 8
# ... and what a decoder holds beside it.
_DECODERS = {"WEBP": 9, "AVIF": 6, "HEIF": 6}


def decoding_bytes(name: str, mode: str, size: tuple[int, int], *, clear: bool = False) -> int:
    """Estimate what decoding takes.

    Args:
        name: one of `FORMATS`.
        mode: how pixels are stored, in Pillow's words.
        size: width and height at which it will be decoded.
        clear: whether it has a colour that is transparent.
    """
    clear = clear or mode in ("LA", "PA", "La", "RGBA", "RGBa")
    modes = _CLEAR if clear else _OTHER_MODES.get(mode, _LARGEST_MODES)
    return size[0] * size[1] * (_PLAIN + _DECODERS.get(name, 0) + modes)


def reserve_memory(size: int, what: str, limits: Limits) -> AbstractContextManager[None]:
    """Make a context that waits for, and holds, its share of the memory that all threads have together.

    Raises:
        PictureTooLarge: more than the limits allow.
    """
    if size > limits.max_memory:
        raise PictureTooLarge(f"This {what} would take {size >> 20:,} MiB to decode.", hint=limits.remedy)
    return _shared.taken(size)


class MemoryShare:
    """A number of bytes that threads share; whoever finds too few left waits, and what is too large goes alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Hold so many bytes while inside."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken or self._taken + size <= self._most)
            self._taken += size
        try:
            yield
        finally:
            with self._changed:
                self._taken -= size
                self._changed.notify_all()


_shared = MemoryShare(_TOGETHER)


def to_array(image: Image.Image) -> np.ndarray:
    """Give the pixels of an "RGB" picture, uint8 [H, W, 3], read-only; some rows at a time, as Pillow copies twice."""
    width, height = image.size
    if height <= _BAND:
        return np.frombuffer(image.tobytes(), np.uint8).reshape(height, width, 3)
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _BAND):
        bottom = min(top + _BAND, height)
        pixels[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    pixels.flags.writeable = False
    return pixels
