"""Functions that read the camera name from the EXIF metadata of an image."""

import struct

from discern.picture.exif_tags import Directory

_MAKE, _MODEL = 0x010F, 0x0110
_MAX_LENGTH = 64


def camera(exif: bytes) -> str | None:
    """Read the maker and model of the camera from an EXIF block or TIFF file.

    Args:
        exif: the EXIF block, a whole TIFF file, or b"".

    Returns:
        At most 64 printable ASCII characters, such as "Canon EOS 80D"; a model that starts with the maker replaces it.
        None if both names are missing.
    """
    try:
        directory = Directory(exif.removeprefix(b"Exif\0\0"))
    except (ValueError, struct.error):
        return None
    make, model = (directory.text(tag, most=_MAX_LENGTH) for tag in (_MAKE, _MODEL))
    name = model if model.lower().startswith(make.lower()) else f"{make} {model}"
    return name[:_MAX_LENGTH].strip() or None
