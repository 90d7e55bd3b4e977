"""Functions that decode image files to upright sRGB pixels.

Every problem with a file is raised as a `PictureError` that names it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import Protocol

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from discern.errors import DamagedPicture, PictureError, PictureTooLarge, TruncatedPicture
from discern.picture.coded_rows import RETRIEVE, count_missing_rows, ends_in_grey, is_whole
from discern.picture.colour import to_srgb
from discern.picture.containers import Container, is_truncated, open_container
from discern.picture.decoders import DECODERS
from discern.picture.exif_tags import orientation
from discern.picture.file_format import FORMATS, FileFormat, Limits, identify_format
from discern.picture.memory import decoding_bytes, reserve_memory, to_array
from discern.picture.pillow_warnings import suppress_pillow_warnings
from discern.picture.sixteen_bits import (
    FULL_RANGE,
    deep_colour,
    load_low_bytes,
    peak_value,
    scale_deep_colour,
)

SCAN_MIN_SIDE = 768
"""Shorter side for catalog scans, in pixels: JPEGs of at least twice that are decoded and hashed at a reduced scale."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


_FRAMES_BY_PILLOW = {"WEBP", "AVIF", "HEIF"}
_MAY_WARN = {"TIFF", "AVIF", "HEIF", "GIF"}
_MAX_PIXEL_BYTES = 16
_DEEP = ("PNG", "TIFF")
_REDUCE = "Give min_side, so that it is decoded at a reduced scale."
_FREE_MEMORY = "Close other programs, or save the picture with fewer pixels."
_OUT_OF_MEMORY = "out of memory"  # of Pillow and libavif, which raise no MemoryError
_UNRESERVED = 16_000_000  # bytes: a decoding that takes no more does not wait for others


class _Load(Protocol):
    def __call__(self, min_side: int | None, white: int) -> Image.Image: ...


@dataclass(kw_only=True)
class PictureEnd:
    """End of the data of a picture, as found while it is decoded.

    Attributes:
        missing_rows: number of rows that are missing at the end and were filled in, entirely or in part; 0 if only the
            end marker is missing, None if nothing is.
    """

    missing_rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class OpenedPicture:
    """Image file with a parsed header, ready for decoding.

    Attributes:
        format: one of `FORMATS`.
        stored_size: width and height as stored, before the orientation is applied, in pixels.
        mode: Pillow mode of the stored pixels.
        load: decodes the stored pixels, a JPEG at a reduced scale whose shorter side is at least the argument, and
            colours of 16 bits by the value of white; waits for memory, which stays reserved until the picture is
            closed.
        orientation: EXIF orientation, 1 to 8.
        profile: ICC profile, or b"".
        exif: EXIF block, or b"".
        frames: 1, or 2 where there are several.
        has_deep_colour: whether its colours have 16 bits per channel, which `load` reduces to 8.
        end: filled in by `load`.
    """

    format: str
    stored_size: tuple[int, int]
    mode: str
    load: _Load
    orientation: int = 1
    profile: bytes = b""
    exif: bytes = b""
    frames: int = 1
    has_deep_colour: bool = False
    end: PictureEnd = field(default_factory=PictureEnd)

    @property
    def size(self) -> tuple[int, int]:
        """Return the width and height of the upright image in pixels."""
        width, height = self.stored_size
        return (height, width) if self.orientation > 4 else (width, height)

    def peak(self, stored: Image.Image) -> int | None:
        """Return the largest value of the loaded pixels if they have 16 bits per channel, else None."""
        return peak_value(stored, is_deep=self.has_deep_colour)

    def convert(self, stored: Image.Image, white: int = FULL_RANGE) -> Image.Image:
        """Convert the loaded pixels to an upright sRGB image, 16-bit ones by the value of white."""
        image = to_srgb(stored, self.profile, white)
        return image.transpose(_UPRIGHT[self.orientation]) if self.orientation in _UPRIGHT else image

    def decode(self, min_side: int | None, white: int = FULL_RANGE) -> Image.Image:
        """Decode the pixels to an upright sRGB image.

        A JPEG is decoded at a reduced scale whose shorter side is at least `min_side`; the value `white` of a picture
        with 16 bits per channel becomes white.
        """
        return self.convert(self.load(min_side, white), white)


@contextmanager
def opened(data: bytes, limits: Limits, *, thorough: bool = False) -> Iterator[OpenedPicture]:
    """Open an image file as a context manager that translates errors to `PictureError`.

    Args:
        data: the bytes of the file.
        limits: limits enforced before decoding.
        thorough: validate the whole header; otherwise that of a plain JPEG is left to the decoding that follows.
    """
    name = identify_format(data, limits)
    with ExitStack() as stack:
        if name in _MAY_WARN:
            stack.enter_context(suppress_pillow_warnings)
        try:
            yield _read_container(name, data, limits, stack, thorough=thorough)
        except PictureError:
            raise
        except Image.DecompressionBombError as error:
            raise PictureTooLarge(f"This {name} has too many pixels.", hint=limits.pixel_remedy) from error
        except MemoryError as error:
            raise _needs_more_memory(name) from error
        except Exception as error:
            if _OUT_OF_MEMORY in str(error).lower():
                raise _needs_more_memory(name) from error
            if "truncated" in str(error) or is_truncated(name, data):
                raise TruncatedPicture(
                    f"This {name} ends before the picture does.",
                    hint=RETRIEVE,
                ) from error
            raise DamagedPicture(
                f"This {name} cannot be decoded: {str(error) or type(error).__name__}.",
                hint="Export the picture again from its original program, or leave it out.",
            ) from error


def _needs_more_memory(name: str) -> PictureTooLarge:
    return PictureTooLarge(f"This {name} needs more memory than is available.", hint=_FREE_MEMORY)


def _read_container(name: str, data: bytes, limits: Limits, stack: ExitStack, *, thorough: bool) -> OpenedPicture:
    container = open_container(name, data, limits)
    jpeg, end = container.jpeg, PictureEnd(missing_rows=container.missing_rows)
    if jpeg and jpeg.is_plain and is_whole(jpeg) and not thorough:
        size = (jpeg.width, jpeg.height)
        plain = _PlainPixels(data=data, size=size, limits=limits)
        return OpenedPicture(format=name, stored_size=size, mode="RGB", load=partial(plain.load, stack, end), end=end)
    image = DECODERS[name](BytesIO(container.data))
    limits.check(name, *image.size)
    exif = container.exif or image.info.get("exif") or b""
    pixels = _StoredPixels(name=name, image=image, data=data, container=container, limits=limits)
    return OpenedPicture(
        format=name,
        stored_size=image.size,
        mode=image.mode,
        load=partial(pixels.load, stack, end),
        # The decoders of TIFF and HEIF apply the orientation themselves.
        orientation=1 if name in ("TIFF", "HEIF") else orientation(exif),
        profile=container.profile or image.info.get("icc_profile") or b"",
        exif=data if name == "TIFF" else exif,
        frames=2 if name in _FRAMES_BY_PILLOW and getattr(image, "n_frames", 1) > 1 else container.frames,
        has_deep_colour=name in _DEEP and deep_colour(image) is not None,
        end=end,
    )


@dataclass(frozen=True, kw_only=True)
class _StoredPixels:
    """Pixels of an image file whose header Pillow has parsed."""

    name: str
    image: ImageFile
    data: bytes
    container: Container
    limits: Limits

    def load(self, stack: ExitStack, end: PictureEnd, min_side: int | None, white: int) -> Image.Image:
        """Decode the pixels, and note what is missing at their end."""
        image, name, jpeg = self.image, self.name, self.container.jpeg
        what = f"{name} of {image.width:,} x {image.height:,} pixels"
        if min_side is not None and name == "JPEG":
            image.draft(None, (min_side, min_side))
        if image.width * image.height > self.limits.max_pixels:
            raise PictureTooLarge(f"This {what} is too large to be decoded at full size.", hint=_REDUCE)
        needed = decoding_bytes(name, image.mode, image.size, transparent="transparency" in image.info)
        is_scaled = white != FULL_RANGE and name in _DEEP and deep_colour(image) is not None
        unfinished = jpeg is not None and jpeg.scans > 0 and not is_whole(jpeg)
        if is_scaled or (unfinished and jpeg is not None and jpeg.is_buffered):
            needed *= 2  # two images are compared or joined
        coefficients = jpeg.coefficient_bytes if jpeg else 0
        stack.enter_context(reserve_memory(needed, what, self.limits, coefficients=coefficients))
        low = load_low_bytes(DECODERS[name](BytesIO(self.container.data))) if is_scaled else None
        if jpeg and unfinished:
            end.missing_rows = count_missing_rows(self.data, jpeg)
        image.load()
        if jpeg and not unfinished and ends_in_grey(image):
            end.missing_rows = count_missing_rows(self.data, jpeg) or None
        return scale_deep_colour(image, low, white) if is_scaled else image


@dataclass(frozen=True, kw_only=True)
class _PlainPixels:
    """Pixels of a plain JPEG, whose header Pillow's slow parser need not read."""

    data: bytes
    size: tuple[int, int]
    limits: Limits

    def load(self, stack: ExitStack, end: PictureEnd, min_side: int | None, white: int) -> Image.Image:
        """Decode the pixels, and note what is missing at their end."""
        limits, pixels = self.limits, self.size[0] * self.size[1]
        is_small = pixels <= limits.max_pixels and _MAX_PIXEL_BYTES * pixels <= min(limits.max_memory, _UNRESERVED)
        if is_small and (min_side is None or min(self.size) < 2 * min_side):
            with suppress(ValueError):
                image = Image.frombytes("RGB", self.size, self.data, "jpeg", "RGB", "")
                if not ends_in_grey(image):
                    return image
        # Larger, or damaged: then the full parser names the damage.
        picture = _read_container("JPEG", self.data, limits, stack, thorough=True)
        image = picture.load(min_side, white)
        end.missing_rows = picture.end.missing_rows
        return image


def read_header(data: bytes, *, limits: Limits = Limits()) -> FileFormat:  # noqa: B008 - frozen
    """Read the header of an image file without decoding the pixels.

    Raises:
        PictureError: the file is not a usable picture; the subclass names the problem.
    """
    with opened(data, limits, thorough=True) as picture:
        width, height = picture.size
        return FileFormat(
            format=picture.format,
            width=width,
            height=height,
            mode=picture.mode,
            frames=picture.frames,
            suffixes=FORMATS[picture.format],
        )


def open_picture(data: bytes, *, min_side: int | None = None, limits: Limits = Limits()) -> np.ndarray:  # noqa: B008
    """Decode an image file to upright sRGB pixels.

    The format is detected by the content. Reads JPEG, PNG, WebP, GIF and TIFF (first frame), BMP, AVIF and HEIC. The
    EXIF orientation is applied, colours are converted to sRGB, transparency is composited over white, and 16 bits are
    reduced to 8.

    Args:
        data: the bytes of the file.
        min_side: shorter side that is needed, in pixels: a JPEG at least twice as large may be decoded at a half, a
            quarter or an eighth of its size, not below this. None: always the full size.
        limits: limits enforced before decoding.

    Returns:
        sRGB, uint8 [H, W, 3], upright, C-contiguous, read-only.

    Raises:
        PictureError: the file is not a usable picture; the subclass names the problem.
    """
    with opened(data, limits) as picture:
        return to_array(picture.decode(min_side))
