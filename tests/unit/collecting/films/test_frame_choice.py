"""Frames are chosen by time or by scene; small, blurred, equal and damaged ones are left out and counted."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image, ImageFilter

from discern.collecting.films.frame_choice import FrameChoice, correlation, largest_difference, parse_every
from discern.errors import UsageError
from tests.unit.collecting.films.film_factory import pattern, scenes, still, turning


@dataclass
class Frame:
    seconds: float
    picture: np.ndarray
    is_damaged: bool = False

    def grey(self) -> np.ndarray:
        return np.asarray(Image.fromarray(self.picture).convert("L").resize((32, 32), Image.Resampling.BOX))

    def pixels(self) -> np.ndarray:
        return self.picture


def film(pictures: list[np.ndarray], *, rate: int = 10) -> Iterator[Frame]:
    return (Frame(number / rate, picture) for number, picture in enumerate(pictures))


def times(choice: FrameChoice, frames: Iterator[Frame]) -> list[float]:
    return [seconds for seconds, _ in choice.choose(frames)]


@pytest.mark.parametrize(
    ("text", "seconds"), [("0.5s", 0.5), (".5", 0.5), (2, 2), (0.25, 0.25), ("250 ms", 0.25), ("1min", 60), ("1M", 60)]
)
def test_times_between_frames(text: str | float, seconds: float) -> None:
    assert parse_every(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "often", "0", "0.001s", "-1", "2h", "1e9", "nan", True])
def test_what_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Invalid time between frames"):
        parse_every(text)


def test_the_first_frame_at_or_after_each_time_is_looked_at() -> None:
    choice = FrameChoice(every=0.25)
    assert times(choice, film(turning(1))) == [0, 0.3, 0.5, 0.8]
    assert choice.left_out == {}


def test_a_pause_in_the_frames_moves_no_later_one() -> None:
    frames = (Frame(seconds, pattern(at)) for at, seconds in enumerate((0, 0.1, 3.3, 3.4, 3.6, 4.2)))
    assert times(FrameChoice(every=0.5), frames) == [0, 3.3, 3.6, 4.2]


def test_nearly_equal_frames_are_counted() -> None:
    noise = np.random.default_rng(0)
    frames = [np.uint8(np.clip(each + noise.normal(0, 5, each.shape), 0, 255)) for each in still(1)]
    choice = FrameChoice(every=0.2)
    assert times(choice, film(frames)) == [0]
    assert choice.left_out == {"near_equal": 4}


def test_a_small_thing_that_moves_is_no_equal_frame() -> None:
    second = pattern(0).copy()
    second[40:60, 100:125] = 255 - second[40:60, 100:125]
    assert times(FrameChoice(every=0.1), film([pattern(0), second])) == [0, 0.1]


def test_one_frame_of_each_scene() -> None:
    choice = FrameChoice(every=None)
    assert times(choice, film(scenes(4))) == [0, 1, 2, 3]
    assert choice.left_out == {}


def test_flicker_and_exposure_are_not_scenes() -> None:
    frames = [np.uint8(pattern(0) * factor) for factor in (1, 0.7, 0.5, 1)]
    assert times(FrameChoice(every=None), film(frames)) == [0]


def test_blurred_frames_are_counted_and_not_compared_with() -> None:
    blurred = np.asarray(Image.fromarray(pattern(1)).filter(ImageFilter.GaussianBlur(6)))
    choice = FrameChoice(every=0.1)
    assert times(choice, film([blurred, pattern(1), blurred])) == [0.1]
    assert choice.left_out == {"blurred": 2}


def test_small_and_damaged_frames_are_counted() -> None:
    choice = FrameChoice(every=0.1)
    frames = [Frame(0, pattern(0, (64, 36))), Frame(0.1, pattern(0), is_damaged=True), Frame(0.2, pattern(0))]
    assert times(choice, iter(frames)) == [0.2]
    assert choice.left_out == {"too_small": 1, "damaged": 1}


def test_comparisons() -> None:
    one, other = np.zeros((32, 32), np.float32), np.zeros((32, 32), np.float32)
    other[:4, 4:8] = 64
    assert largest_difference(one, other) == 64
    assert correlation(one, one) == 1
    assert correlation(other, 255 - other) == pytest.approx(-1, abs=1e-5)
    assert correlation(one, other) == pytest.approx(0, abs=1e-5)
