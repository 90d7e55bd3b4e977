"""Hash of decoded pixels, which identifies exact copies, and thumbnails."""

import hashlib

import numpy as np
from PIL import Image

from discern.errors import UsageError

THUMB = 64
"""Side of a thumbnail, in pixels."""


def require_pixels(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 [H, W, 3] unchanged; raise `UsageError` for any other array."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise UsageError(
            f"Pixels must be uint8 [height, width, 3], not {pixels.dtype} {list(pixels.shape)}.",
            hint="Open pictures with discern.picture.open_picture.",
        )
    return pixels


def pixel_hash(pixels: np.ndarray) -> str:
    """Hash pixels independently of their container: hex SHA-256 of the shape and the uint8 [H, W, 3] values."""
    height, width, _ = require_pixels(pixels).shape
    digest = hashlib.sha256(f"{height}x{width}\n".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    """Average a whole picture down to a square, ignoring its aspect ratio: uint8 [H, W, 3] to uint8 [64, 64, 3]."""
    return image_thumbnail(Image.fromarray(require_pixels(pixels)))


def fit(pixels: np.ndarray, side: int) -> Image.Image:
    """Scale a picture, uint8 [H, W, 3], down for display: its longer side becomes at most `side` pixels."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def image_thumbnail(image: Image.Image) -> np.ndarray:
    """Compute the `thumbnail` of a Pillow image of mode "RGB"."""
    small = image.resize((THUMB, THUMB), Image.Resampling.BOX).tobytes()
    return np.frombuffer(small, np.uint8).reshape(THUMB, THUMB, 3)
