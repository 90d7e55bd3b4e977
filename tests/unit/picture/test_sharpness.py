import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from discern.errors import UsageError
from discern.picture.sharpness import sharpness


def scene(side: int = 256, *, shapes: int = 30, seed: int = 0) -> Image.Image:
    """Draw discs and boxes of plain colours."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), (128, 120, 110))
    draw = ImageDraw.Draw(image)
    for number in range(shapes):
        left, top = random.uniform(0, 0.8, 2) * side
        box = (left, top, *(np.array([left, top]) + random.uniform(0.1, 0.3, 2) * side))
        (draw.ellipse if number % 2 else draw.rectangle)(box, fill=tuple(random.integers(0, 256, 3).tolist()))
    return image


def blurred(image: Image.Image, share: float) -> Image.Image:
    """Apply a Gaussian blur whose standard deviation is a share of the shorter side."""
    return image.filter(ImageFilter.GaussianBlur(share * min(image.size)))


def as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def noisy(image: Image.Image, deviation: float) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, deviation, (*image.size[::-1], 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def measure(image: Image.Image) -> float:
    value = sharpness(np.asarray(image))
    assert value is not None
    assert 0 < value <= 1
    return value


def test_a_step_scores_one_and_a_ramp_the_inverse_of_its_width():
    step, ramp = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64, 3), np.uint8)
    step[:, 40:] = 200
    ramp[:, 32:] = (np.arange(32) * 8)[:, None]
    assert sharpness(step) == 1
    assert sharpness(ramp) == pytest.approx(1 / 15)


@pytest.mark.parametrize("side", [100, 256, 700, 1600])
def test_more_blur_gives_less_sharpness(side):
    values = [measure(blurred(scene(side), share)) for share in (0.0, 0.005, 0.01, 0.02)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.5
    assert values[3] < 0.2


def test_sharpness_hardly_depends_on_the_size():
    values = [measure(blurred(scene(side), 0.01)) for side in (256, 400, 800, 1600)]
    assert max(values) - min(values) < 0.05


@pytest.mark.parametrize("shapes", [1, 5, 100])
def test_plain_and_busy_pictures_are_distinguished_from_blurred_ones(shapes):
    assert measure(scene(shapes=shapes)) > 0.5
    assert measure(blurred(scene(shapes=shapes), 0.015)) < 0.25


def test_noise_and_jpeg_blocks_do_not_make_a_blurred_picture_sharp():
    smooth = blurred(scene(), 0.015)
    assert measure(noisy(smooth, 6)) < 0.3
    assert measure(as_jpeg(smooth, 30)) < 0.3


def test_a_sharp_object_on_a_blurred_background_is_sharp():
    image = blurred(scene(), 0.03)
    image.paste(scene(seed=5).crop((0, 0, 100, 100)), (80, 80))
    assert measure(image) > 0.4


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((64, 64, 3), np.uint8),
        np.random.default_rng(0).integers(100, 110, (64, 64, 3), dtype=np.uint8),
        np.tile(np.array([0, 255], np.uint8)[:, None], (8, 100, 3)).reshape(-1, 100, 3)[:15],
    ],
    ids=["one colour", "faint noise", "too narrow"],
)
def test_pictures_without_contrast_or_size_have_no_sharpness(pixels):
    assert sharpness(pixels) is None


def test_a_long_picture_is_measured():
    image = Image.new("RGB", (3000, 40))
    ImageDraw.Draw(image).rectangle((700, 0, 1500, 20), fill="white")
    assert measure(image) > 0.3


def test_other_arrays_are_rejected():
    with pytest.raises(UsageError):
        sharpness(np.zeros((64, 64), np.uint8))
