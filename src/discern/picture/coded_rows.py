"""Functions that find out how much of a JPEG is missing where its data ends early.

Decoders fill in what is missing: with grey, or with the coarse picture of earlier scans. What was coded is found by
decoding the file with different bytes behind its data: the results agree up to the place where the data ends.
"""

import hashlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from discern.errors import DamagedPicture, TruncatedPicture
from discern.picture.jpeg_structure import JpegStructure

FEW = 1 / 16
"""Largest share of a picture's area that may be missing at its end.

A centre crop at 8/7 removes a sixteenth at each side, so that what is missing is rarely seen by a model.
"""


class Jpeg(JpegImageFile):
    """Decoder of JPEG files that reports no problems of their metadata."""

    def _read_dpi_from_exif(self) -> None:
        """Ignore the image resolution, since reading it from a damaged EXIF block causes a warning."""


RETRIEVE = "Copy or download the file again, or leave it out."
END_MARKER = b"\xff\xd9"
_RESTARTS = tuple(bytes([0xFF, marker]) for marker in range(0xD0, 0xD8))
_GREY, _LAST = 128, 8  # level, and pixels of the last row
# Two different continuations, since one may be coded like the filling; without 0xFF, which starts a marker.
_TAILS = tuple(hashlib.sha512(bytes([number])).digest().replace(b"\xff", b"\x5a") for number in range(2))


def is_whole(jpeg: JpegStructure) -> bool:
    """Check whether the end marker of a JPEG directly follows its last scan."""
    return jpeg.has_end and jpeg.is_clean


def require_scans(jpeg: JpegStructure) -> None:
    """Raise `TruncatedPicture` if a JPEG has scans, but not all that its components need."""
    if jpeg.scans and not jpeg.is_covered:
        raise TruncatedPicture(f"This JPEG ends in scan {jpeg.scans} and lacks those that follow.", hint=RETRIEVE)


def completed(data: bytes, jpeg: JpegStructure) -> bytes:
    """Return a JPEG with its end marker, without the bytes behind its picture."""
    return data if is_whole(jpeg) or not jpeg.scans else data[: jpeg.data_end].rstrip(b"\xff") + END_MARKER


def ends_in_grey(image: Image.Image) -> bool:
    """Check whether the last pixels of a decoded JPEG have the colour that decoders fill in for missing data."""
    if image.mode not in ("L", "RGB"):
        return False
    last = image.crop((max(0, image.width - _LAST), image.height - 1, image.width, image.height))
    return set(last.tobytes()) == {_GREY}


def count_missing_rows(data: bytes, jpeg: JpegStructure) -> int:
    """Count the rows that are missing at the end of a JPEG, entirely or in part.

    Args:
        data: the file.
        jpeg: its structure, with at least one scan.

    Raises:
        TruncatedPicture: more than `FEW` of the picture is missing.
        DamagedPicture: more than that is missing, and other data follows.
    """
    missing, share = _measure(data, jpeg)
    if share <= FEW:
        return missing
    rows = f"{jpeg.height - missing:,} of {jpeg.height:,} rows"
    if jpeg.is_buffered:
        rows += " of its last scan"
    if jpeg.has_end or not data[jpeg.data_end :].strip(b"\0"):
        raise TruncatedPicture(f"This JPEG ends after {rows}.", hint=RETRIEVE)
    raise DamagedPicture(f"This JPEG breaks off after {rows} and continues with other data.", hint=RETRIEVE)


def _measure(data: bytes, jpeg: JpegStructure) -> tuple[int, float]:
    """Return the number of missing rows and the missing share of the area."""
    coded = data[: jpeg.data_end].rstrip(b"\xff")
    if jpeg.has_end:
        return _missing(coded, jpeg)
    # Cameras and downloads fill up their files with zeros or ones.
    trimmed = coded[: len(coded.rstrip(b"\0")) + _SPARE]
    found = _missing(trimmed, jpeg)
    if found[1] and len(trimmed) < len(coded):
        # Zeros also code plain areas: then the picture needs all of them, unlike padding of any length.
        is_data = not _missing(coded, jpeg)[1] and _missing(coded[:-_SPARE], jpeg)[1]
        return (0, 0.0) if is_data else found
    return found


_SPARE = 4  # bytes: as many zeros may well be data


def _missing(coded: bytes, jpeg: JpegStructure) -> tuple[int, float]:
    decode = _decode_whole if jpeg.is_buffered else _decode_blocks
    filled, first = decode(coded + END_MARKER), None
    for tail in _tails(coded, jpeg):
        first = _first_of(first, _first_difference(filled, decode(coded + tail + END_MARKER), jpeg))
    if first is None:
        return 0, 0.0
    row, column = first
    across, down = (-(-side // unit) for side, unit in zip((jpeg.width, jpeg.height), jpeg.unit, strict=True))
    return jpeg.height - row * jpeg.unit[1], 1 - (row * across + column) / (across * down)


def _tails(coded: bytes, jpeg: JpegStructure) -> tuple[bytes, ...]:
    """Return continuations of the coded data that are not decoded to the filling.

    At the end of a restart interval, only bytes behind the next restart marker are decoded.
    """
    if not jpeg.has_restarts:
        return _TAILS
    start = coded.rfind(b"\xff\xda")
    last = max(range(8), key=lambda number: coded.rfind(_RESTARTS[number], start))
    following = (last + 1) % 8 if coded.rfind(_RESTARTS[last], start) >= 0 else 0
    return (*_TAILS, _RESTARTS[following] + _TAILS[0])


def _first_of(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    return min(filter(None, (one, other)), default=None)


def _first_difference(one: np.ndarray, other: np.ndarray, jpeg: JpegStructure) -> tuple[int, int] | None:
    """Return the row and column of the first coded unit in which two decoded pictures differ."""
    differs = (one != other).any(axis=2)
    rows = np.flatnonzero(differs.any(axis=1))
    if not rows.size:
        return None
    across, down = (unit if jpeg.is_buffered else unit // 8 for unit in jpeg.unit)
    row = int(rows[0]) // down
    columns = np.flatnonzero(differs[row * down : (row + 1) * down].any(axis=0))
    return row, int(columns[0]) // across


def _decode_whole(data: bytes) -> np.ndarray:
    return _decode(data, lambda _: None)


def _decode_blocks(data: bytes) -> np.ndarray:
    """Decode a JPEG to one pixel for each block, which is enough where blocks are missing or not."""
    return _decode(data, lambda image: image.draft(None, (1, 1)))


def _decode(data: bytes, prepare: Callable[[Jpeg], object]) -> np.ndarray:
    image = Jpeg(BytesIO(data))
    prepare(image)
    image.load()
    return np.atleast_3d(np.asarray(image))
