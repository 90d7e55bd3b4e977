"""Function that reads the time of capture from the EXIF metadata of an image."""

import re
import struct
from datetime import UTC, datetime, timedelta

from discern.picture.exif_tags import Directory

_EXIF_DIRECTORY = 0x8769
# The time, its fraction and its offset from UTC: of the capture, else of the digitisation. The time of the file
# (0x0132) is that of the last program that wrote it.
_TAGS = ((0x9003, 0x9291, 0x9011), (0x9004, 0x9292, 0x9012))
_TIME = re.compile(r"(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_LENGTH = 40


def capture_time(exif: bytes) -> int | None:
    """Read the time of capture from an EXIF block or TIFF file.

    Args:
        exif: the EXIF block, a whole TIFF file, or b"".

    Returns:
        Milliseconds since 1970, in UTC if the block names an offset, else by the clock of the camera. None if there is
        no valid time after that.
    """
    try:
        block = exif.removeprefix(b"Exif\0\0")
        start = Directory(block).values(_EXIF_DIRECTORY, most=1)
        directory = Directory(block, start[0]) if start else None
    except (ValueError, struct.error):
        return None
    if directory is None:
        return None
    texts = ([directory.text(tag, most=_MAX_LENGTH) for tag in tags] for tags in _TAGS)
    return next((time for time in (_milliseconds(*text) for text in texts) if time is not None), None)


def _milliseconds(text: str, fraction: str, offset: str) -> int | None:
    found = _TIME.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(number) for number in found.groups()[:6])
    try:
        time = (datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
    except ValueError:
        return None
    shift = _OFFSET.fullmatch(offset)
    ahead = (int(shift[2]) * 60 + int(shift[3])) * (60 if shift[1] == "+" else -60) if shift else 0
    digits = found[7] or fraction
    part = int(digits[:3].ljust(3, "0")) if digits.isdecimal() else 0
    return (time - ahead) * 1000 + part if time > 0 and time > ahead else None
