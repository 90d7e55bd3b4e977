"""Statistics of the model's input: light and blur change them, the number of pictures at once does not."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from discern.errors import UsageError
from discern.picture.statistics import PictureStatistics, measure_statistics


def scene(seed: int) -> np.ndarray:
    """Rectangles of random grey, uint8 `[192, 192, 3]`."""
    draw = np.random.default_rng(seed)
    grey = np.kron(draw.integers(0, 256, (12, 12)), np.ones((16, 16))).astype(np.uint8)
    return np.repeat(np.roll(grey, 5, (0, 1))[..., None], 3, axis=2)


def test_blur_lowers_the_sharpness_and_keeps_the_brightness() -> None:
    clear = scene(0)
    blurred = np.asarray(Image.fromarray(clear).filter(ImageFilter.GaussianBlur(4)))
    before, after = measure_statistics([clear, blurred])
    assert before.sharpness > 0.9
    assert after.sharpness < 0.5 * before.sharpness
    assert after.brightness == pytest.approx(before.brightness, abs=0.02)


def test_brightness_is_the_mean_of_all_channels() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 255
    white = np.full((32, 32, 3), 255, np.uint8)
    assert [each.brightness for each in measure_statistics([red, white])] == pytest.approx([1 / 3, 1])


def test_a_picture_without_edges_has_no_sharpness() -> None:
    assert measure_statistics(np.zeros((1, 32, 32, 3), np.uint8)) == [PictureStatistics(brightness=0, sharpness=0)]


def test_many_are_measured_as_each_alone() -> None:
    scenes = [scene(seed) for seed in range(4)]
    assert measure_statistics(np.stack(scenes)) == [measure_statistics([each])[0] for each in scenes]
    assert measure_statistics([]) == []


def test_other_arrays_are_an_error() -> None:
    with pytest.raises(UsageError, match="uint8"):
        measure_statistics([np.zeros((32, 32, 3), np.float32)])
