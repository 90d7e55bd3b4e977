"""Functions that compute thumbnails of images, and hashes of their pixels for detecting exact copies."""

import hashlib

import numpy as np
from PIL import Image

from discern.errors import UsageError

THUMB = 64
"""Side of a thumbnail, in pixels."""


def require_pixels(pixels: np.ndarray) -> np.ndarray:
    """Check that an array holds RGB pixels and return it unchanged.

    Raises:
        UsageError: the array is not uint8 [H, W, 3].
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise UsageError(
            f"Pixels must be uint8 [height, width, 3], not {pixels.dtype} {list(pixels.shape)}.",
            hint="Open pictures with discern.picture.open_picture.",
        )
    return pixels


def pixel_hash(pixels: np.ndarray) -> str:
    """Compute the SHA-256 digest of the shape and pixels of an image.

    The image is uint8 [H, W, 3].
    """
    height, width, _ = require_pixels(pixels).shape
    digest = hashlib.sha256(f"{height}x{width}\n".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    """Compute a square thumbnail of an image, ignoring its aspect ratio.

    The result is uint8 [64, 64, 3].
    """
    return image_thumbnail(Image.fromarray(require_pixels(pixels)))


def fit(pixels: np.ndarray, side: int) -> Image.Image:
    """Downscale an image to a given maximum length of its longer side.

    The image is uint8 [H, W, 3].
    """
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def image_thumbnail(image: Image.Image) -> np.ndarray:
    """Compute a square thumbnail of an RGB Pillow image (see `thumbnail`)."""
    small = image.resize((THUMB, THUMB), Image.Resampling.BOX).tobytes()
    return np.frombuffer(small, np.uint8).reshape(THUMB, THUMB, 3)
