"""Which camera took a picture, as far as the file says."""

import struct

from discern.picture.exif import Directory

_MAKE, _MODEL = 0x010F, 0x0110
_TEXT = 2
_LONGEST = 64


def camera(exif: bytes) -> str | None:
    """Maker and model from an EXIF block or a TIFF; None where neither is said.

    Args:
        exif: the block; b"" where there is none.

    Returns:
        At most 64 printable ASCII characters, such as "Canon EOS 80D"; the maker is not said twice.
    """
    block = exif.removeprefix(b"Exif\0\0")
    try:
        directory = Directory(block)
    except (ValueError, struct.error):
        return None
    make, model = (_text(block, directory, tag) for tag in (_MAKE, _MODEL))
    whole = model if model.lower().startswith(make.lower()) else f"{make} {model}"
    return whole[:_LONGEST].strip() or None


def _text(block: bytes, directory: Directory, tag: int) -> str:
    held = directory.tags.get(tag)
    if held is None or held.kind != _TEXT or held.start + held.size > len(block):
        return ""
    said = block[held.start : held.start + min(held.size, _LONGEST)].partition(b"\0")[0]
    return " ".join(
        "".join(character for character in said.decode("ascii", "ignore") if character.isprintable()).split()
    )
