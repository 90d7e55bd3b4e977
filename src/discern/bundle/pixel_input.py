"""Conversion of Pillow images, arrays and tensors to RGB pixels, and the remedies for those that are not."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from discern.errors import DamagedPicture, UsageError
from discern.picture.decode import OpenedPicture
from discern.picture.exif_tags import ORIENTATION
from discern.picture.memory import to_array
from discern.picture.sixteen_bits import FULL_RANGE


def pixels_of(image: Image.Image, white: int = FULL_RANGE) -> np.ndarray:
    """Convert a Pillow image to upright sRGB pixels.

    The result is uint8 `[H, W, 3]`.

    Args:
        image: image of any mode.
        white: value that becomes white if the image has 16 bits per channel.

    Raises:
        DamagedPicture: the image cannot be decoded.
    """
    try:
        image.load()  # some formats rotate themselves now, and change their EXIF orientation with it
        opened = OpenedPicture(
            format=image.format or "",
            stored_size=image.size,
            mode=image.mode,
            load=lambda *_: image,
            orientation=image.getexif().get(ORIENTATION, 1),
            profile=image.info.get("icc_profile") or b"",
        )
        return to_array(opened.decode(None, white))
    except Exception as error:
        raise DamagedPicture(
            f"The Pillow image cannot be decoded: {str(error) or type(error).__name__}.",
            hint="Export the picture again from its original program, or leave it out.",
        ) from error


def is_array(given: Any) -> bool:
    """Return True for NumPy arrays and tensors, but not for the columns and tables of data frames."""
    if isinstance(given, np.ndarray):
        return True
    return (
        hasattr(given, "__array__")
        and isinstance(getattr(given, "ndim", None), int)
        and given.ndim > 0
        and not hasattr(given, "columns")
        and not hasattr(given, "iloc")
    )


def require_rgb(given: Any) -> np.ndarray:
    """Convert an array or tensor to RGB pixels, which it must hold already.

    Raises:
        UsageError: it is not uint8 `[H, W, 3]`; the hint names the conversion.
    """
    try:
        pixels = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"The {type(given).__name__} cannot be converted to an array: {str(error).rstrip('.')}.",
            hint="Pass a NumPy array of its values, uint8 [height, width, 3].",
        ) from error
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise UsageError(
            f"Pixels must be RGB, uint8 [height, width, 3], not {pixels.dtype} {list(pixels.shape)}.",
            hint=" ".join(_array_remedies(pixels)),
        )
    return pixels


def _array_remedies(pixels: np.ndarray) -> Iterator[str]:
    shape = pixels.shape
    if not pixels.size:
        yield "The array is empty: check the code that made it."
    elif pixels.dtype.kind not in "biuf":
        yield "Pass one picture, or an array of paths to `predict`."
    elif pixels.ndim == 1 and pixels.dtype == np.uint8:
        yield "If this is the content of a file, pass its `.tobytes()`."
    elif pixels.ndim not in (2, 3):
        yield "Pass one picture, or a list of them to `predict`."
    elif pixels.ndim == 3 and shape[2] not in (1, 3, 4) and shape[0] in (1, 3, 4):
        yield "Put the channels last: `np.moveaxis(pixels, 0, -1)`."
    elif pixels.ndim == 2 or shape[2] == 1:
        yield "Convert grey to RGB: `np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)`."
    elif shape[2] == 4:
        yield "Put transparent pixels on a background: pass `PIL.Image.fromarray(pixels)`."
    elif shape[2] != 3:
        yield "Select the three channels that are red, green and blue."
    if pixels.size and pixels.dtype.kind in "biuf" and pixels.dtype != np.uint8:
        yield "Scale the values to 0-255 and convert them to uint8."
