"""Choice of the frames of a film that are kept: at equal times or at new scenes, without small, blurred or equal ones.

Frames are compared in 32 x 32 levels of grey. The limits were chosen by benchmarks/film_frames.py: two frames are
nearly equal if the camera moved by less than half a percent of the view, and a scene is new after a pan by a tenth to a
third of it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from discern.checking.checks.image_quality import BLURRED, SMALLEST_SIDE
from discern.collecting.films.film_reader import FilmFrame
from discern.errors import UsageError
from discern.picture.sharpness import sharpness

_SECONDS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|m|min)?", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0}
_SHORTEST, _LONGEST = 0.01, 3600.0
_TILES = 8  # down and across, so that what moves in a small part of the picture counts
EQUAL = 12.0
"""Levels of grey by which no part of two nearly equal frames differs; film_frames.py."""
SAME_SCENE = 0.6
"""Correlation above which two frames show the same scene; film_frames.py."""
_PLAIN = 2.0  # not tuned: standard deviation in levels of a frame of one colour


def parse_every(every: str | float) -> float:
    """Return the seconds between frames that are looked at.

    >>> parse_every("0.5s"), parse_every("500ms"), parse_every(2), parse_every("1m")
    (0.5, 0.5, 2.0, 60.0)

    Raises:
        UsageError: it is not a duration, or is not between .01 s and an hour.
    """
    found = _SECONDS.fullmatch(str(every).strip())
    seconds = float(found[1]) * _UNITS[(found[2] or "s").lower()] if found else 0.0
    if isinstance(every, bool) or not _SHORTEST <= seconds <= _LONGEST:
        raise UsageError(f"Invalid time between frames: {every!r}.", hint="Write it like 0.5s, 2s or 500ms.")
    return seconds


@dataclass(kw_only=True)
class FrameChoice:
    """Choice of frames.

    Attributes:
        every: seconds between the frames that are looked at; None to look at each frame that shows a new scene.
        left_out: number of frames that were looked at and left out, by reason: "too_small", "blurred", "near_equal" and
            "damaged".
    """

    every: float | None
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def settings(self) -> str:
        """Return the settings as text."""
        return "scenes" if self.every is None else f"every {self.every:g} s"

    def choose(self, frames: Iterable[FilmFrame]) -> Iterator[tuple[float, np.ndarray]]:
        """Yield the time in seconds and the pixels, uint8 [H, W, 3], of each frame that is kept."""
        kept: np.ndarray | None = None
        for frame in self._candidates(frames):
            if frame.is_damaged:
                self.left_out["damaged"] += 1
                continue
            grey = frame.grey().astype(np.float32)
            if kept is not None and self.every is None and correlation(grey, kept) > SAME_SCENE:
                continue
            if kept is not None and largest_difference(grey, kept) < EQUAL:
                self.left_out["near_equal"] += 1
                continue
            pixels = frame.pixels()
            if reason := _fault(pixels):
                self.left_out[reason] += 1
                continue
            kept = grey
            yield frame.seconds, pixels

    def _candidates(self, frames: Iterable[FilmFrame]) -> Iterator[FilmFrame]:
        """Yield the first frame at or after each time that is due."""
        due = 0.0
        for frame in frames:
            if self.every is None:
                yield frame
            elif frame.seconds >= due - 1e-6:
                yield frame
                due = self.every * (np.floor(frame.seconds / self.every + 1e-6) + 1)


def largest_difference(grey: np.ndarray, other: np.ndarray) -> float:
    """Return the mean difference of levels in the part of a frame that differs most, of 8 x 8 parts.

    Args:
        grey: levels of grey, float32 [32, 32].
        other: those of another frame.
    """
    height, width = grey.shape
    tiles = np.abs(grey - other).reshape(_TILES, height // _TILES, _TILES, width // _TILES)
    return float(tiles.mean(axis=(1, 3)).max())


def correlation(grey: np.ndarray, other: np.ndarray) -> float:
    """Return the correlation of two frames, which neither brightness nor contrast changes; 1 for two plain ones.

    Args:
        grey: levels of grey, float32 [32, 32].
        other: those of another frame.
    """
    sizes = float(grey.std()), float(other.std())
    if max(sizes) < _PLAIN:
        return 1.0
    covariance = float(((grey - grey.mean()) * (other - other.mean())).mean())
    return covariance / max(sizes[0] * sizes[1], _PLAIN)


def _fault(pixels: np.ndarray) -> str:
    if min(pixels.shape[:2]) < SMALLEST_SIDE:
        return "too_small"
    steepness = sharpness(pixels)
    return "blurred" if steepness is not None and steepness < BLURRED else ""
