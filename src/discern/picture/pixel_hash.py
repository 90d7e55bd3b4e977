"""What is taken from pixels alone: a hash that decides exact copies, and a thumbnail."""

import hashlib

import numpy as np
from PIL import Image

from discern.errors import UsageError

THUMB = 64
"""The side of a thumbnail, in pixels."""


def require_pixels(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 [H, W, 3] as it is, refuse anything else."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise UsageError(
            f"Pixels must be uint8 [height, width, 3], not {pixels.dtype} {list(pixels.shape)}.",
            hint="Open pictures with discern.picture.open_picture.",
        )
    return pixels


def pixel_hash(pixels: np.ndarray) -> str:
    """Hash what is seen, whatever the container: sha256 in hex over the shape and the uint8 [H, W, 3] values."""
    height, width, _ = require_pixels(pixels).shape
    digest = hashlib.sha256(f"{height}x{width}\n".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    """Average areas of the whole picture, stretched to a square: uint8 [H, W, 3] to uint8 [64, 64, 3]."""
    return shrunk(Image.fromarray(require_pixels(pixels)))


def fit(pixels: np.ndarray, side: int) -> Image.Image:
    """The whole picture for people to look at: uint8 [H, W, 3], its longer side made `side` pixels, or left shorter."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def shrunk(image: Image.Image) -> np.ndarray:
    """`thumbnail` of a picture of mode "RGB" that is still Pillow's."""
    small = image.resize((THUMB, THUMB), Image.Resampling.BOX).tobytes()
    return np.frombuffer(small, np.uint8).reshape(THUMB, THUMB, 3)
