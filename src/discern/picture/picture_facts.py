"""Functions that extract the properties and thumbnails of image files in one pass."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from discern.errors import PictureError
from discern.picture.camera import camera
from discern.picture.capture_time import capture_time
from discern.picture.decode import SCAN_MIN_SIDE, OpenedPicture, opened
from discern.picture.file_format import Limits
from discern.picture.memory import to_array
from discern.picture.pixel_hash import THUMB, image_thumbnail, pixel_hash
from discern.picture.sharpness import green_of, measure_sharpness
from discern.picture.sixteen_bits import FULL_RANGE, choose_white

FACTS = np.dtype(
    [
        ("pixels", "S64"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("format", "S8"),
        ("mode", "S16"),
        ("sharpness", "<f4"),
        ("camera", "S64"),
        ("peak", "<i4"),
        ("missing_rows", "<i4"),
        ("taken", "<i8"),
    ]
)


class Problem(NamedTuple):
    """Reason that an image file cannot be used, with an error code and a message."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """Table of the properties and thumbnails of image files.

    The arrays have n rows, one for each file.

    Attributes:
        facts: structured [n] with `pixels` (hash in hex), `width`, `height` (upright), `format`, `mode`, `sharpness`
            (NaN where it cannot be measured), `camera` (b"" where it is unknown), `peak` (largest value of 16 bits per
            channel, -1 for other pictures), `missing_rows` (at the end; 0 if only the end marker is missing, -1 if
            nothing is), `taken` (time of capture, -1 where it is unknown; see `capture_time`).
        thumbs: thumbnails, uint8 [n, 64, 64, 3].
        problems: the problem of each unusable file, by position; its other values are zeros.
    """

    facts: np.ndarray
    thumbs: np.ndarray
    problems: dict[int, Problem]

    def replace(self, at: int, other: "PictureFacts") -> None:
        """Replace the row at one position with the single row of another table."""
        self.facts[at], self.thumbs[at] = other.facts[0], other.thumbs[0]
        self.problems.pop(at, None)
        if 0 in other.problems:
            self.problems[at] = other.problems[0]


def read_facts(files: Sequence[bytes], limits: Limits) -> PictureFacts:
    """Decode image files and extract their properties, recording unusable files as problems."""
    facts, thumbs = np.zeros(len(files), FACTS), np.zeros((len(files), THUMB, THUMB, 3), np.uint8)
    problems: dict[int, Problem] = {}
    greens: dict[int, np.ndarray] = {}
    for at, data in enumerate(files):
        try:
            facts[at], thumbs[at], greens[at] = _extract(data, limits)
        except PictureError as error:
            problems[at] = Problem(error.code, str(error))
    facts["sharpness"][list(greens)] = measure_sharpness(list(greens.values()))
    return PictureFacts(facts=facts, thumbs=thumbs, problems=problems)


def decode_facts(data: bytes, limits: Limits) -> PictureFacts:
    """Decode one image file and extract its properties and thumbnail.

    Raises:
        PictureError: the file is not a usable picture.
    """
    values, thumb, green = _extract(data, limits)
    facts = np.array([values], FACTS)
    facts["sharpness"] = measure_sharpness([green])
    return PictureFacts(facts=facts, thumbs=thumb[None], problems={})


def hash_file(data: bytes, limits: Limits) -> str:
    """Compute the hash of an image file's pixels, as a scan of a catalog does (see `pixel_hash`).

    Raises:
        PictureError: the file is not a usable picture.
    """
    with scanned(data, limits) as (_, image, _):
        return pixel_hash(to_array(image))


@contextmanager
def scanned(
    data: bytes, limits: Limits, *, min_side: int | None = SCAN_MIN_SIDE
) -> Iterator[tuple[OpenedPicture, Image.Image, int | None]]:
    """Decode a picture on its own as a context manager; gives it with its upright pixels in sRGB and its largest value.

    Its own largest value decides which one becomes white, since the other pictures are not known yet. A model sees what
    the whole catalog decides.

    Args:
        data: the bytes of the file.
        limits: limits enforced before decoding.
        min_side: shorter side to which a JPEG may be reduced, in pixels; None: the full size.
    """
    with opened(data, limits) as picture:
        stored = picture.load(min_side, FULL_RANGE)
        peak = picture.peak(stored)
        white = choose_white([peak])
        if white == FULL_RANGE or not picture.has_deep_colour:
            yield picture, picture.convert(stored, white), peak
            return
    with opened(data, limits) as picture:
        yield picture, picture.decode(None, white), peak


def _extract(data: bytes, limits: Limits) -> tuple[tuple[object, ...], np.ndarray, np.ndarray]:
    with scanned(data, limits) as (picture, image, peak):
        return _describe(picture, image, peak)


def _describe(
    picture: OpenedPicture, image: Image.Image, peak: int | None
) -> tuple[tuple[object, ...], np.ndarray, np.ndarray]:
    pixels = to_array(image)
    camera_name = (camera(picture.exif) or "").encode() if picture.exif else b""
    taken = capture_time(picture.exif) if picture.exif else None
    numbers = (-1 if number is None else number for number in (peak, picture.end.missing_rows, taken))
    values = (pixel_hash(pixels), *picture.size, picture.format, picture.mode, np.nan, camera_name, *numbers)
    return values, image_thumbnail(image), green_of(pixels)
