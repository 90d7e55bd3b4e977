"""Functions that convert images of any bit depth, transparency and colour profile to 8-bit sRGB."""

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from discern.picture.sixteen_bits import FULL_RANGE, to_eight_bits

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
_MAX_ROUNDING = 2  # levels by which an sRGB profile differs from none


def to_srgb(image: Image.Image, profile: bytes, white: int = FULL_RANGE) -> Image.Image:
    """Convert a decoded image to sRGB on a white background.

    Args:
        image: the decoded picture, in any mode that a decoder returns.
        profile: its ICC profile, or b""; one that is invalid or for another colour space is ignored, as in browsers.
        white: value that becomes white in a greyscale image of 16 bits, or of 32 bits that use no more.
    """
    image = _over_white(_eight_bits(image, white))
    if image.mode not in _SPACES:
        image = image.convert("RGB")
    transform = _transform(profile, image.mode) if profile else None
    if transform is not None:
        return transform.apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bits(image: Image.Image, white: int) -> Image.Image:
    """Convert a greyscale image of any bit depth to 8 bits and return other images unchanged."""
    if image.mode == "1":
        grey = image.convert("L")
    elif image.mode == "F" or image.mode.startswith("I"):
        values = np.asarray(image)
        grey = Image.fromarray(to_eight_bits(white)[values] if values.dtype.itemsize == 2 else _scaled(values, white))
    else:
        return image
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        alpha = np.where(np.asarray(image) == (bool(transparent) if image.mode == "1" else transparent), 0, 255)
        return Image.merge("LA", (grey, Image.fromarray(alpha.astype(np.uint8))))
    return grey


def _scaled(values: np.ndarray, white: int) -> np.ndarray:
    """Rescale a 32-bit greyscale image to 8 bits, from the given range or else from its own."""
    bands = [values[start : start + _BAND] for start in range(0, len(values), _BAND)]
    ranges = [_finite_range(band) for band in bands]
    low, high = min(bounds[0] for bounds in ranges), max(bounds[1] for bounds in ranges)
    if low > high:
        low = high = 0.0
    if low >= 0 and high <= FULL_RANGE:
        floats = np.issubdtype(values.dtype, np.floating)
        if white < FULL_RANGE and not floats:
            narrow: np.ndarray = to_eight_bits(white)[values]
            return narrow
        low, high = 0.0, 1.0 if floats and high <= 1 else 255.0 if high <= 255 else float(FULL_RANGE)
    scaled = np.empty(values.shape, np.uint8)
    for start, band in zip(range(0, len(values), _BAND), bands, strict=True):
        finite = np.nan_to_num(band.astype(np.float64), nan=low, posinf=high, neginf=low)
        scaled[start : start + _BAND] = np.round((finite - low) / max(high - low, 1e-12) * 255)
    return scaled


_BAND = 256  # rows at a time: a large picture in double precision would take ten times its memory


def _finite_range(values: np.ndarray) -> tuple[float, float]:
    """Return the minimum and maximum of the finite values, or (inf, -inf) if there are none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (np.inf, -np.inf)


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode in ("PA", "La", "RGBa") or "transparency" in image.info or _has_transparent_palette(image):
        image = image.convert("LA" if image.mode in ("L", "La") else "RGBA")
    if image.mode not in ("LA", "RGBA"):
        return image
    opaque, alpha = image.mode.removesuffix("A"), image.getchannel("A")
    colours = image.convert(opaque)
    if alpha.getextrema() == (255, 255):
        return colours
    white = Image.new(opaque, image.size, "white")
    white.paste(colours, mask=alpha)
    return white


def _has_transparent_palette(image: Image.Image) -> bool:
    return image.mode == "P" and image.palette is not None and image.palette.mode == "RGBA"


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> "ImageCmsTransform | None":
    """Build a transform from an ICC profile to sRGB, or None if it is invalid or has no effect."""
    from PIL import ImageCms  # noqa: PLC0415 - few pictures have a profile

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACES[mode]:
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    probe = Image.fromarray(_probe()) if mode == "RGB" else Image.linear_gradient("L")
    if mode == "CMYK":
        return transform
    change = np.asarray(transform.apply(probe)).astype(int) - np.asarray(probe.convert("RGB"))
    return transform if np.abs(change).max() > _MAX_ROUNDING else None


def _probe() -> np.ndarray:
    """Generate an image with a regular grid of RGB colours."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    return np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
