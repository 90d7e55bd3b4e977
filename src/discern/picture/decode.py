"""Functions that decode image files to upright sRGB pixels.

Every problem with a file is raised as a `PictureError` that names it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO

import numpy as np
from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from discern.errors import DamagedPicture, PictureError, PictureTooLarge, TruncatedPicture
from discern.picture.colour import to_srgb
from discern.picture.containers import is_truncated, open_container
from discern.picture.exif_tags import orientation
from discern.picture.file_format import FORMATS, FileFormat, Limits, identify_format
from discern.picture.memory import decoding_bytes, reserve_memory, to_array
from discern.picture.pillow_warnings import suppress_pillow_warnings

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


class _Jpeg(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Ignore the image resolution, since reading it from a damaged EXIF block causes a warning."""


def _heif(file: BytesIO) -> ImageFile:
    # Imported on demand: few folders hold HEIC, and its decoder is a separate library.
    from pi_heif import HeifImageFile  # noqa: PLC0415

    image: ImageFile = HeifImageFile(file)
    return image


# Only these classes read files: Pillow's plug-in registry, parts of which start other programs, is never consulted.
_DECODERS: dict[str, Callable[[BytesIO], ImageFile]] = {
    "JPEG": _Jpeg,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
    "AVIF": AvifImageFile,
    "HEIF": _heif,
}
_FRAMES_BY_PILLOW = {"WEBP", "AVIF", "HEIF"}
_MAY_WARN = {"TIFF", "AVIF", "HEIF", "GIF"}
_MAX_PIXEL_BYTES = 16
_UNRESERVED = 16_000_000  # bytes: a decoding that takes no more does not wait for others


@dataclass(frozen=True, kw_only=True)
class OpenedPicture:
    """Image file with a parsed header, ready for decoding.

    Attributes:
        format: one of `FORMATS`.
        stored_size: width and height as stored, before the orientation is applied, in pixels.
        mode: Pillow mode of the stored pixels.
        load: decodes the stored pixels, a JPEG at a reduced scale whose shorter side is at least the argument; waits
            for memory, which stays reserved until the picture is closed.
        orientation: EXIF orientation, 1 to 8.
        profile: ICC profile, or b"".
        exif: EXIF block, or b"".
        frames: 1, or 2 where there are several.
    """

    format: str
    stored_size: tuple[int, int]
    mode: str
    load: Callable[[int | None], Image.Image]
    orientation: int = 1
    profile: bytes = b""
    exif: bytes = b""
    frames: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Return the width and height of the upright image in pixels."""
        width, height = self.stored_size
        return (height, width) if self.orientation > 4 else (width, height)

    def decode(self, min_side: int | None) -> Image.Image:
        """Decode the pixels to an upright sRGB image.

        A JPEG is decoded at a reduced scale whose shorter side is at least `min_side`.
        """
        image = to_srgb(self.load(min_side), self.profile)
        return image.transpose(_UPRIGHT[self.orientation]) if self.orientation in _UPRIGHT else image


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
            raise PictureTooLarge(f"This {name} has too many pixels.", hint=limits.remedy) from error
        except MemoryError as error:
            raise PictureTooLarge(f"This {name} needs more memory than is available.", hint=limits.remedy) from error
        except Exception as error:
            if "truncated" in str(error) or is_truncated(name, data):
                raise TruncatedPicture(
                    f"This {name} ends before the picture does.",
                    hint="Copy or download the file again, or leave it out.",
                ) from error
            raise DamagedPicture(
                f"This {name} cannot be decoded: {str(error) or type(error).__name__}.",
                hint="Export the picture again from its original program, or leave it out.",
            ) from error


def _read_container(name: str, data: bytes, limits: Limits, stack: ExitStack, *, thorough: bool) -> OpenedPicture:
    container = open_container(name, data, limits)
    if container.plain_size and not thorough:
        load = partial(_load_plain, data, container.plain_size, limits, stack)
        return OpenedPicture(format=name, stored_size=container.plain_size, mode="RGB", load=load)
    image = _DECODERS[name](BytesIO(container.data))
    limits.check(name, *image.size)
    exif = container.exif or image.info.get("exif") or b""
    return OpenedPicture(
        format=name,
        stored_size=image.size,
        mode=image.mode,
        load=partial(_load, image, name=name, limits=limits, stack=stack, coefficients=container.coefficient_bytes),
        # The decoders of TIFF and HEIF apply the orientation themselves.
        orientation=1 if name in ("TIFF", "HEIF") else orientation(exif),
        profile=container.profile or image.info.get("icc_profile") or b"",
        exif=data if name == "TIFF" else exif,
        frames=2 if name in _FRAMES_BY_PILLOW and getattr(image, "n_frames", 1) > 1 else container.frames,
    )


def _load(
    image: ImageFile, min_side: int | None, *, name: str, limits: Limits, stack: ExitStack, coefficients: int
) -> ImageFile:
    width, height = image.size
    if min_side is not None and name == "JPEG":
        image.draft(None, (min_side, min_side))
    needed = coefficients + decoding_bytes(name, image.mode, image.size, transparent="transparency" in image.info)
    stack.enter_context(reserve_memory(needed, f"{name} of {width:,} x {height:,} pixels", limits))
    image.load()
    return image


def _load_plain(
    data: bytes, size: tuple[int, int], limits: Limits, stack: ExitStack, min_side: int | None
) -> Image.Image:
    """Decode a plain JPEG without the slow header parser of Pillow."""
    small = _MAX_PIXEL_BYTES * size[0] * size[1] <= min(limits.max_memory, _UNRESERVED)
    if small and (min_side is None or min(size) < 2 * min_side):
        with suppress(ValueError):
            return Image.frombytes("RGB", size, data, "jpeg", "RGB", "")
    # Larger, or damaged: then the full parser names the damage.
    return _read_container("JPEG", data, limits, stack, thorough=True).load(min_side)


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
