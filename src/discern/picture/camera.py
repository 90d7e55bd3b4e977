"""Functions that read the camera name from the EXIF metadata of an image."""

import struct

from discern.picture.exif_tags import Directory

_MAKE, _MODEL = 0x010F, 0x0110
_ASCII = 2
_MAX_LENGTH = 64


def camera(exif: bytes) -> str | None:
    """Read the maker and model of the camera from an EXIF block or TIFF file.

    Args:
        exif: the EXIF block, a whole TIFF file, or b"".

    Returns:
        At most 64 printable ASCII characters, such as "Canon EOS 80D"; a model that starts with the maker replaces it.
        None if both names are missing.
    """
    block = exif.removeprefix(b"Exif\0\0")
    try:
        directory = Directory(block)
    except (ValueError, struct.error):
        return None
    make, model = (_text(block, directory, tag) for tag in (_MAKE, _MODEL))
    name = model if model.lower().startswith(make.lower()) else f"{make} {model}"
    return name[:_MAX_LENGTH].strip() or None


def _text(block: bytes, directory: Directory, tag: int) -> str:
    entry = directory.tags.get(tag)
    if entry is None or entry.type != _ASCII or entry.start + entry.size > len(block):
        return ""
    value = block[entry.start : entry.start + min(entry.size, _MAX_LENGTH)].partition(b"\0")[0]
    return " ".join(
        "".join(character for character in value.decode("ascii", "ignore") if character.isprintable()).split()
    )
