"""Any of Pillow's modes becomes sRGB with 8 bits: depth, transparency, colour profile."""

from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
_SAME = 2


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert a decoded picture to mode "RGB", over white where it is transparent.

    Args:
        image: in any mode that the decoders give.
        profile: its ICC profile, or b""; one that is broken or for other colours is ignored, as browsers do.
    """
    image = _over_white(_eight_bits(image))
    if image.mode not in _SPACES:
        image = image.convert("RGB")
    transform = _transform(profile, image.mode) if profile else None
    if transform is not None:
        return transform.apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Bring 16-bit, 32-bit and float greys down to 8 bits; one that is declared transparent keeps that."""
    if image.mode == "1":
        grey = image.convert("L")
    elif image.mode == "F" or image.mode.startswith("I"):
        values = np.asarray(image)
        grey = Image.fromarray(_SHORT[values] if values.dtype.itemsize == 2 else _scaled(values))
    else:
        return image
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        alpha = np.where(np.asarray(image) == (bool(clear) if image.mode == "1" else clear), 0, 255)
        return Image.merge("LA", (grey, Image.fromarray(alpha.astype(np.uint8))))
    return grey


_SHORT = ((np.arange(65536) + 128) // 257).astype(np.uint8)


def _scaled(values: np.ndarray) -> np.ndarray:
    """Guess the range of 32-bit greys: 0-1, 0-255 or 0-65535 where they fit, else from the least to the greatest."""
    bands = [values[start : start + _BAND] for start in range(0, len(values), _BAND)]
    ends = [_ends(band) for band in bands]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    if low > high:
        low = high = 0.0
    if low >= 0 and high <= 65535:
        floats = np.issubdtype(values.dtype, np.floating)
        low, high = 0.0, 1.0 if floats and high <= 1 else 255.0 if high <= 255 else 65535.0
    scaled = np.empty(values.shape, np.uint8)
    for start, band in zip(range(0, len(values), _BAND), bands, strict=True):
        known = np.nan_to_num(band.astype(np.float64), nan=low, posinf=high, neginf=low)
        scaled[start : start + _BAND] = np.round((known - low) / max(high - low, 1e-12) * 255)
    return scaled


# Rows at a time: double precision of a whole large picture would take ten times its memory.
_BAND = 256


def _ends(values: np.ndarray) -> tuple[float, float]:
    """The least and the greatest finite value; infinities, the wrong way round, where there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (np.inf, -np.inf)


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode in ("PA", "La", "RGBa") or "transparency" in image.info or _has_clear_palette(image):
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


def _has_clear_palette(image: Image.Image) -> bool:
    return image.mode == "P" and image.palette is not None and image.palette.mode == "RGBA"


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Build what takes colours of a profile to sRGB; None where it would change nothing or the profile is no use."""
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
    return transform if np.abs(change).max() > _SAME else None


def _probe() -> np.ndarray:
    """Colours spread evenly over the cube: uint8 [27, 27, 3]."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    return np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3)
