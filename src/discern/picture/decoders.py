"""Decoders of the picture formats, two of which an installation may lack."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from io import BytesIO
from types import MappingProxyType

from PIL.ImageFile import ImageFile

from discern.errors import NotAPicture
from discern.picture.coded_rows import Jpeg


def _pillow(name: str, file: BytesIO) -> ImageFile:
    # Imported on demand, as a function in the cloud starts for one picture of one format.
    image: ImageFile = getattr(import_module(f"PIL.{name}ImagePlugin"), f"{name}ImageFile")(file)
    return image


def _heif(file: BytesIO) -> ImageFile:
    # Imported on demand: few folders hold HEIC, and its decoder is a separate library.
    try:
        from pi_heif import HeifImageFile  # noqa: PLC0415
    except ImportError as error:
        raise _missing("HEIC") from error
    image: ImageFile = HeifImageFile(file)
    return image


def _avif(file: BytesIO) -> ImageFile:
    if not import_module("PIL.AvifImagePlugin").SUPPORTED:
        raise _missing("AVIF")
    return _pillow("Avif", file)


def _missing(name: str) -> NotAPicture:
    return NotAPicture(
        f"{name} pictures are not supported by this installation.", hint="Convert the picture to JPEG or PNG."
    )


# Only these classes read files: Pillow's plug-in registry, parts of which start other programs, is never consulted.
DECODERS: Mapping[str, Callable[[BytesIO], ImageFile]] = MappingProxyType(
    {
        "JPEG": Jpeg,
        "PNG": partial(_pillow, "Png"),
        "WEBP": partial(_pillow, "WebP"),
        "GIF": partial(_pillow, "Gif"),
        "BMP": partial(_pillow, "Bmp"),
        "TIFF": partial(_pillow, "Tiff"),
        "AVIF": _avif,
        "HEIF": _heif,
    }
)
"""Decoders by the name of the format."""
