"""Decoders of the picture formats, two of which an installation may lack."""

from collections.abc import Callable, Mapping
from io import BytesIO
from types import MappingProxyType

from PIL import AvifImagePlugin
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from discern.errors import NotAPicture
from discern.picture.coded_rows import Jpeg


def _heif(file: BytesIO) -> ImageFile:
    # Imported on demand: few folders hold HEIC, and its decoder is a separate library.
    try:
        from pi_heif import HeifImageFile  # noqa: PLC0415
    except ImportError as error:
        raise _missing("HEIC") from error
    image: ImageFile = HeifImageFile(file)
    return image


def _avif(file: BytesIO) -> ImageFile:
    if not AvifImagePlugin.SUPPORTED:
        raise _missing("AVIF")
    return AvifImagePlugin.AvifImageFile(file)


def _missing(name: str) -> NotAPicture:
    return NotAPicture(
        f"{name} pictures are not supported by this installation.", hint="Convert the picture to JPEG or PNG."
    )


# Only these classes read files: Pillow's plug-in registry, parts of which start other programs, is never consulted.
DECODERS: Mapping[str, Callable[[BytesIO], ImageFile]] = MappingProxyType(
    {
        "JPEG": Jpeg,
        "PNG": PngImageFile,
        "WEBP": WebPImageFile,
        "GIF": GifImageFile,
        "BMP": BmpImageFile,
        "TIFF": TiffImageFile,
        "AVIF": _avif,
        "HEIF": _heif,
    }
)
"""Decoders by the name of the format."""
