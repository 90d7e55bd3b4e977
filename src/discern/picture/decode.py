"""Opens a picture: from bytes to upright sRGB pixels, or to an error that says what is wrong."""

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
from discern.picture.containers import is_cut, open_container
from discern.picture.exif import orientation
from discern.picture.file_format import FORMATS, FileFormat, Limits, identify_format
from discern.picture.memory import decoding_bytes, reserve_memory, to_array
from discern.picture.pillow_warnings import pillow_warnings

SCAN_SHORTEST = 768
"""The shorter side that looking through a catalog asks for: larger JPEGs are seen, and hashed, at a reduced scale."""

_TURNS = {
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
        """Do nothing: dots per inch are of no use here, and a damaged EXIF block would warn."""


def _heif(file: BytesIO) -> ImageFile:
    # Loaded when met: few folders hold HEIC, and the decoder is another library.
    from pi_heif import HeifImageFile  # noqa: PLC0415

    image: ImageFile = HeifImageFile(file)
    return image


# These classes and no others read files: Pillow's list of plug-ins, some of which start programs, is never asked.
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
_COUNTED = {"WEBP", "AVIF", "HEIF"}
_OUTSPOKEN = {"TIFF", "AVIF", "HEIF", "GIF"}
# Bytes of memory: as many for each pixel at most, and in all so few that nobody needs to wait for them.
_MOST_EACH, _UNCOUNTED = 16, 16_000_000


@dataclass(frozen=True, kw_only=True)
class OpenedPicture:
    """A picture whose header was read and whose pixels were not.

    Attributes:
        format: one of `FORMATS`.
        stored: width and height before it is turned upright, in pixels.
        mode: how pixels are stored, in Pillow's words.
        load: decodes, a JPEG at a reduced scale whose shorter side is not below what is asked for; waits until other
            threads leave memory for it, and keeps its share until the picture is closed.
        turn: how it was held, 1 to 8 as EXIF says it.
        profile: its ICC profile, or b"".
        exif: its EXIF block, or b"".
        frames: 1, or 2 where there are several.
    """

    format: str
    stored: tuple[int, int]
    mode: str
    load: Callable[[int | None], Image.Image]
    turn: int = 1
    profile: bytes = b""
    exif: bytes = b""
    frames: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture, in pixels."""
        width, height = self.stored
        return (height, width) if self.turn > 4 else (width, height)

    def decode(self, shortest: int | None) -> Image.Image:
        """Decode to upright sRGB, mode "RGB"; a JPEG at a reduced scale, its shorter side not below `shortest`."""
        image = to_srgb(self.load(shortest), self.profile)
        return image.transpose(_TURNS[self.turn]) if self.turn in _TURNS else image


@contextmanager
def opened(data: bytes, limits: Limits, *, thorough: bool = False) -> Iterator[OpenedPicture]:
    """Read a header, and translate whatever goes wrong inside the block: the one place where that is done.

    Args:
        data: the bytes of the file.
        limits: what is refused before decoding.
        thorough: read all of a header, also where decoding is to follow and would find the same.
    """
    name = identify_format(data, limits)
    with ExitStack() as stack:
        if name in _OUTSPOKEN:
            stack.enter_context(pillow_warnings)
        try:
            yield _begin(name, data, limits, stack, thorough=thorough)
        except PictureError:
            raise
        except Image.DecompressionBombError as error:
            raise PictureTooLarge(f"This {name} claims more pixels than are allowed.", hint=limits.remedy) from error
        except MemoryError as error:
            raise PictureTooLarge(f"This {name} needs more memory than there is.", hint=limits.remedy) from error
        except Exception as error:
            if "truncated" in str(error) or is_cut(name, data):
                raise TruncatedPicture(
                    f"This {name} ends before the picture does.", hint="Get the file again from where it came from."
                ) from error
            raise DamagedPicture(
                f"This {name} cannot be decoded: {str(error) or type(error).__name__}.",
                hint="Save it anew from the program it came from, or leave it out.",
            ) from error


def _begin(name: str, data: bytes, limits: Limits, held: ExitStack, *, thorough: bool) -> OpenedPicture:
    container = open_container(name, data, limits)
    if container.plain and not thorough:
        load = partial(_load_plain, data, container.plain, limits, held)
        return OpenedPicture(format=name, stored=container.plain, mode="RGB", load=load)
    image = _DECODERS[name](BytesIO(container.data))
    limits.check(name, *image.size)
    exif = container.exif or image.info.get("exif") or b""
    return OpenedPicture(
        format=name,
        stored=image.size,
        mode=image.mode,
        load=partial(_load, image, name=name, limits=limits, held=held, kept=container.kept),
        # TIFF and HEIF turn themselves; what their EXIF says has been done already.
        turn=1 if name in ("TIFF", "HEIF") else orientation(exif),
        profile=container.profile or image.info.get("icc_profile") or b"",
        exif=data if name == "TIFF" else exif,
        frames=2 if name in _COUNTED and getattr(image, "n_frames", 1) > 1 else container.frames,
    )


def _load(
    image: ImageFile, shortest: int | None, *, name: str, limits: Limits, held: ExitStack, kept: int
) -> ImageFile:
    width, height = image.size
    if shortest is not None and name == "JPEG":
        image.draft(None, (shortest, shortest))
    needed = kept + decoding_bytes(name, image.mode, image.size, clear="transparency" in image.info)
    held.enter_context(reserve_memory(needed, f"{name} of {width:,} x {height:,} pixels", limits))
    image.load()
    return image


def _load_plain(
    data: bytes, size: tuple[int, int], limits: Limits, held: ExitStack, shortest: int | None
) -> Image.Image:
    """Decode at full size without Pillow's own reading of the header, which takes as long as a small picture."""
    small = _MOST_EACH * size[0] * size[1] <= min(limits.max_memory, _UNCOUNTED)
    if small and (shortest is None or min(size) < 2 * shortest):
        with suppress(ValueError):
            return Image.frombytes("RGB", size, data, "jpeg", "RGB", "")
    # Larger, or damaged: then this says how.
    return _begin("JPEG", data, limits, held, thorough=True).load(shortest)


def read_header(data: bytes, *, limits: Limits = Limits()) -> FileFormat:  # noqa: B008 - frozen
    """Say what a picture is without decoding it.

    Raises:
        PictureError: the family's member that names what is wrong.
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


def open_picture(data: bytes, *, shortest: int | None = None, limits: Limits = Limits()) -> np.ndarray:  # noqa: B008
    """Open a picture by its content.

    JPEG, PNG, WebP, GIF and TIFF (first frame), BMP, AVIF, HEIC; EXIF orientation honoured, colour profile to sRGB,
    transparency over white, 16 bits to 8.

    Args:
        data: the bytes of the file.
        shortest: the shorter side that is needed, in pixels: a JPEG that is at least twice as large may come at a half,
            a quarter or an eighth of its size, not below this. None: always the full size.
        limits: what is refused before decoding.

    Returns:
        sRGB, uint8 [H, W, 3], upright, C-contiguous, read-only.

    Raises:
        PictureError: the family's member that names what is wrong.
    """
    with opened(data, limits) as picture:
        return to_array(picture.decode(shortest))
