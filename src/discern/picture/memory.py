"""Functions that estimate the memory for decoding images and limit its total across threads."""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
from PIL import Image

from discern.errors import PictureTooLarge
from discern.picture.file_format import Limits

_SHARED_BYTES = 900_000_000
_BAND = 256
# Measured peak memory, bytes per pixel: Pillow's image and the returned array, ...
_RGB_BYTES = 7
# ... the conversion from other modes, ...
_MODE_BYTES = {"RGB": 0, "1": 2, "L": 2, "P": 2, "I;16": 3, "I;16B": 3}
_OTHER_MODE_BYTES = 5
_ALPHA_BYTES = 8
# ... and the decoder's own buffers.
_DECODER_BYTES = {"WEBP": 9, "AVIF": 6, "HEIF": 6}


def decoding_bytes(name: str, mode: str, size: tuple[int, int], *, transparent: bool = False) -> int:
    """Estimate the peak memory for decoding an image, in bytes.

    Args:
        name: one of `FORMATS`.
        mode: Pillow mode of the stored pixels.
        size: width and height at which it will be decoded.
        transparent: whether one of its colours is declared transparent.
    """
    transparent = transparent or mode in ("LA", "PA", "La", "RGBA", "RGBa")
    mode_bytes = _ALPHA_BYTES if transparent else _MODE_BYTES.get(mode, _OTHER_MODE_BYTES)
    return size[0] * size[1] * (_RGB_BYTES + _DECODER_BYTES.get(name, 0) + mode_bytes)


def reserve_memory(size: int, what: str, limits: Limits, *, coefficients: int = 0) -> AbstractContextManager[None]:
    """Reserve memory for decoding within a context, waiting until enough is free.

    Args:
        size: number of bytes, without the coefficients.
        what: format and size of the picture, for the error message.
        limits: limits on the memory.
        coefficients: bytes that the coefficients of a JPEG of several scans take at every output scale.

    Raises:
        PictureTooLarge: more than the limits allow.
    """
    needed = size + coefficients
    if needed > limits.max_memory:
        message = f"This {what} would need {_mebibytes(needed)} MiB of memory to decode"
        if 2 * coefficients > needed:
            message += f", {_mebibytes(coefficients)} MiB of it for the coefficients of its several scans"
        hint = limits.progressive_remedy if coefficients else limits.memory_remedy
        raise PictureTooLarge(f"{message}.", hint=hint)
    return _budget.reserve(needed)


def _mebibytes(size: int) -> str:
    return f"{-(-size >> 20):,}"


class MemoryBudget:
    """Memory budget that several threads share when they decode images.

    A request for more than the whole budget waits until it is the only one.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self.reset()

    def reset(self) -> None:
        """Forget all reservations, as those of other threads do not end in a forked process."""
        self._reserved = 0
        self._changed = threading.Condition()

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Reserve part of the memory budget within a context, waiting until enough is free."""
        with self._changed:
            self._changed.wait_for(lambda: not self._reserved or self._reserved + size <= self._size)
            self._reserved += size
        try:
            yield
        finally:
            with self._changed:
                self._reserved -= size
                self._changed.notify_all()


_budget = MemoryBudget(_SHARED_BYTES)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_budget.reset)


def to_array(image: Image.Image) -> np.ndarray:
    """Copy an RGB Pillow image to a read-only array.

    The result is uint8 [H, W, 3].
    """
    width, height = image.size
    if height <= _BAND:
        return np.frombuffer(image.tobytes(), np.uint8).reshape(height, width, 3)
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _BAND):
        bottom = min(top + _BAND, height)
        pixels[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    pixels.flags.writeable = False
    return pixels
