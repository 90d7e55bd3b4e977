"""What is worth knowing of pictures, taken from their bytes in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from discern.errors import PictureError
from discern.picture.camera import camera
from discern.picture.decode import SCAN_SHORTEST, opened
from discern.picture.file_format import Limits
from discern.picture.memory import to_array
from discern.picture.pixel_hash import THUMB, pixel_hash, shrunk
from discern.picture.sharpness import green_of, measure_sharpness

FACTS = np.dtype(
    [
        ("pixels", "S64"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("format", "S8"),
        ("mode", "S16"),
        ("sharpness", "<f4"),
        ("camera", "S64"),
    ]
)


class Problem(NamedTuple):
    """Why a file is no usable picture: an error's code, and what it says."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """What was seen of n files.

    Attributes:
        facts: structured [n] with `pixels` (hash in hex), `width`, `height` (upright), `format`, `mode`, `sharpness`
            (NaN where nothing can be said), `camera` (b"" where the file does not say).
        thumbs: uint8 [n, 64, 64, 3].
        problems: by position, what is wrong with files that are no usable pictures; their rows are zeros.
    """

    facts: np.ndarray
    thumbs: np.ndarray
    problems: dict[int, Problem]

    def replace(self, at: int, other: "PictureFacts") -> None:
        """Take what was seen of the file at a position from looks at this file alone."""
        self.facts[at], self.thumbs[at] = other.facts[0], other.thumbs[0]
        self.problems.pop(at, None)
        if 0 in other.problems:
            self.problems[at] = other.problems[0]


def read_facts(files: Sequence[bytes], limits: Limits) -> PictureFacts:
    """Open pictures and note what they are."""
    facts, thumbs = np.zeros(len(files), FACTS), np.zeros((len(files), THUMB, THUMB, 3), np.uint8)
    problems: dict[int, Problem] = {}
    greens: dict[int, np.ndarray] = {}
    for at, data in enumerate(files):
        try:
            facts[at], thumbs[at], greens[at] = _look_at(data, limits)
        except PictureError as error:
            problems[at] = Problem(error.code, str(error))
    facts["sharpness"][list(greens)] = measure_sharpness(list(greens.values()))
    return PictureFacts(facts=facts, thumbs=thumbs, problems=problems)


def decode_facts(data: bytes, limits: Limits) -> PictureFacts:
    """Open one picture and note what it is.

    Raises:
        PictureError: the bytes are no usable picture.
    """
    facts, thumb, green = _look_at(data, limits)
    noted = np.array([facts], FACTS)
    noted["sharpness"] = measure_sharpness([green])
    return PictureFacts(facts=noted, thumbs=thumb[None], problems={})


def _look_at(data: bytes, limits: Limits) -> tuple[tuple[object, ...], np.ndarray, np.ndarray]:
    with opened(data, limits) as picture:
        image = picture.decode(SCAN_SHORTEST)
        pixels = to_array(image)
        taken_by = (camera(picture.exif) or "").encode() if picture.exif else b""
        facts = (pixel_hash(pixels), *picture.size, picture.format, picture.mode, np.nan, taken_by)
        return facts, shrunk(image), green_of(pixels)
