"""Opens a picture: from bytes to upright sRGB pixels, or to an error that says what is wrong."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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
from discern.picture.header import FORMATS, Header, Limits, recognise
from discern.picture.quiet import quiet

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


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A picture whose header was read and whose pixels were not."""

    format: str
    image: ImageFile
    turn: int
    profile: bytes
    frames: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture, in pixels."""
        width, height = self.image.size
        return (height, width) if self.turn > 4 else (width, height)

    def decode(self, shortest: int | None) -> Image.Image:
        """Decode to upright sRGB, mode "RGB"; a JPEG at a reduced scale, its shorter side not below `shortest`."""
        if shortest is not None and self.format == "JPEG":
            self.image.draft(None, (shortest, shortest))
        self.image.load()
        image = to_srgb(self.image, self.profile)
        return image.transpose(_TURNS[self.turn]) if self.turn in _TURNS else image


@contextmanager
def opened(data: bytes, limits: Limits) -> Iterator[Opened]:
    """Read a header, and translate whatever goes wrong inside the block: the one place where that is done."""
    name = recognise(data, limits)
    with ExitStack() as stack:
        if name in _OUTSPOKEN:
            stack.enter_context(quiet)
        try:
            yield _begin(name, data, limits)
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


def _begin(name: str, data: bytes, limits: Limits) -> Opened:
    container = open_container(name, data, limits)
    image = _DECODERS[name](BytesIO(container.data))
    limits.check(name, *image.size)
    # TIFF and HEIF turn themselves; what their EXIF says has been done already.
    turn = 1 if name in ("TIFF", "HEIF") else orientation(container.exif or image.info.get("exif", b""))
    return Opened(
        format=name,
        image=image,
        turn=turn,
        profile=container.profile or image.info.get("icc_profile") or b"",
        frames=2 if name in _COUNTED and getattr(image, "n_frames", 1) > 1 else container.frames,
    )


def read_header(data: bytes, *, limits: Limits = Limits()) -> Header:  # noqa: B008 - frozen
    """Say what a picture is without decoding it.

    Raises:
        PictureError: the family's member that names what is wrong.
    """
    with opened(data, limits) as picture:
        width, height = picture.size
        return Header(
            format=picture.format,
            width=width,
            height=height,
            mode=picture.image.mode,
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
        return np.asarray(picture.decode(shortest))
