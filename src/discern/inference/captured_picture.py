"""Picture of a request, as it is captured while it is classified."""

import hashlib
from dataclasses import dataclass

import numpy as np

from discern.picture.decode import opened
from discern.picture.file_format import FORMATS, Limits, identify_format
from discern.picture.statistics import measure_statistics
from discern.picture.strip_metadata import StrippedPicture, strip_coded

MEDIA_TYPES = {name: f"image/{name.lower()}" for name in FORMATS} | {"HEIF": "image/heic"}
"""Media type of each supported format."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CapturedPicture:
    """Picture of a request with its digest, size and statistics.

    Attributes:
        content_hash: SHA-256 digest of the bytes as they arrived, hexadecimal; "" for a picture sent as pixels.
        data: the bytes as they arrived, with all metadata; None for a picture sent as pixels.
        pixels: the upright pixels of a picture sent as such, uint8 `[H, W, 3]`; None for a file.
        media_type: media type of `data`, such as "image/jpeg"; "" for a picture sent as pixels.
        width: width of the upright picture in pixels.
        height: its height.
        brightness: mean of the network's input, in [0, 1].
        sharpness: sharpness of the network's input, in [0, 1], see `picture.statistics`.
        stripped: the file without metadata; None if it must be encoded again for that.
    """

    content_hash: str
    data: bytes | None
    pixels: np.ndarray | None = None
    media_type: str
    width: int
    height: int
    brightness: float
    sharpness: float
    stripped: StrippedPicture | None = None


def capture_picture(content: bytes | np.ndarray, inputs: np.ndarray, *, limits: Limits) -> CapturedPicture:
    """Describe a picture that was preprocessed for the network.

    Args:
        content: bytes of the file, or upright pixels, uint8 `[H, W, 3]`.
        inputs: the model's input, uint8 `[size, size, 3]`.
        limits: limits that the picture has passed.

    Raises:
        PictureError: the file is not a usable picture.
    """
    [statistics] = measure_statistics([inputs])
    if not isinstance(content, bytes):
        return CapturedPicture(
            content_hash="",
            data=None,
            pixels=content,
            media_type="",
            width=content.shape[1],
            height=content.shape[0],
            **vars(statistics),
        )
    name = identify_format(content, limits)
    with opened(content, limits) as picture:
        (width, height), orientation = picture.size, picture.orientation
    return CapturedPicture(
        content_hash=hashlib.sha256(content).hexdigest(),
        data=content,
        media_type=MEDIA_TYPES[name],
        width=width,
        height=height,
        **vars(statistics),
        stripped=strip_coded(content, name, orientation),
    )
