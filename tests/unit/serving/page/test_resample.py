"""The page makes of the same pixels what the recipe makes of them, to the bit."""

import base64
import io
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

from discern.picture import Recipe, apply_recipe, open_picture
from discern.picture.recipe import Filter, Fit
from tests.unit.serving.page.node import run

FOLLOW = """
import { applyRecipe } from "./decode/resample.js";
made = given.map(({ pixels, recipe }) => {
  const data = new Uint8Array(Buffer.from(pixels.data, "base64"));
  return Buffer.from(applyRecipe({ ...pixels, data }, recipe)).toString("base64");
});
"""
SHRINK = """
import { averageBlocks } from "./decode/decode.js";
made = given.map(({ pixels, factor, skip, width, height }) => {
  const data = new Uint8Array(Buffer.from(pixels.data, "base64"));
  const into = new Uint8ClampedArray(width * height * 4);
  averageBlocks({ ...pixels, data }, into, { factor, width, skip });
  return Buffer.from(into).toString("base64");
});
"""


def text(pixels: np.ndarray) -> dict[str, Any]:
    height, width, channels = pixels.shape
    data = base64.b64encode(pixels.tobytes()).decode()
    return {"data": data, "width": width, "height": height, "channels": channels}


def opaque(pixels: np.ndarray) -> np.ndarray:
    """With a fourth channel, as a canvas gives it."""
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])


def recipe_for(random: np.random.Generator, fit: Fit, filter_: Filter) -> Recipe:
    size = int(random.integers(1, 130))
    factor = {"crop": random.uniform(1, 1.4), "pad": random.uniform(0.4, 1), "stretch": 1.0}[fit]
    return Recipe(size=size, resize=max(1, int(size * factor)), fit=fit, filter=filter_)


def noise(random: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Hard edges and noise: both ends of the scale, where rounding and clipping show."""
    blocks = random.integers(0, 2, (-(-height // 4), -(-width // 4), 3)) * 255
    whole = blocks.repeat(4, 0).repeat(4, 1)[:height, :width]
    return np.where(random.random((height, width, 1)) < 0.5, whole, random.integers(0, 256, whole.shape)).astype(
        np.uint8
    )


@pytest.mark.parametrize("fit", get_args(Fit))
def test_pixels_become_the_same_input(fit: Fit, tmp_path: Path) -> None:
    random = np.random.default_rng(get_args(Fit).index(fit))
    asked, expected = [], []
    for number in range(45):
        width, height = np.exp(random.uniform(0, 6, 2)).astype(int)
        recipe = recipe_for(random, fit, get_args(Filter)[number % 3])
        pixels = noise(random, width, height)
        asked.append({"pixels": text(opaque(pixels) if number % 2 else pixels), "recipe": recipe.to_json()})
        expected.append(apply_recipe(pixels, recipe))
    for case, made, wanted in zip(asked, run(tmp_path, FOLLOW, asked), expected, strict=True):
        got = np.frombuffer(base64.b64decode(made), np.uint8).reshape(wanted.shape)
        np.testing.assert_array_equal(got, wanted, err_msg=str(case["recipe"]))


@pytest.mark.parametrize(("width", "height"), [(96, 96), (96, 200), (200, 96), (109, 109), (300, 97)])
def test_a_side_that_needs_no_resampling_gets_none(width: int, height: int, tmp_path: Path) -> None:
    pixels = noise(np.random.default_rng(0), width, height)
    recipes = [
        Recipe(size=96, resize=96, fit="stretch"),
        Recipe(size=96, resize=96, fit="crop"),
        Recipe(size=96, resize=96, fit="pad"),
        Recipe(size=96, resize=109, fit="crop"),
    ]
    asked = [{"pixels": text(pixels), "recipe": recipe.to_json()} for recipe in recipes]
    for made, recipe in zip(run(tmp_path, FOLLOW, asked), recipes, strict=True):
        assert base64.b64decode(made) == apply_recipe(pixels, recipe).tobytes(), recipe


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_squares_are_averaged_as_a_jpeg_is_decoded_at_reduced_scale(factor: int, tmp_path: Path) -> None:
    random = np.random.default_rng(factor)
    y, x = np.mgrid[0:173, 0:214]
    waves = 128 + 90 * np.sin(x / 9 + y / 13)[..., None] * (1, 0.6, -0.4) + random.normal(0, 3, (173, 214, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.uint8(waves)).save(buffer, "JPEG", quality=95, subsampling=0)
    whole, expected = open_picture(buffer.getvalue()), open_picture(buffer.getvalue(), min_side=173 // factor)
    assert expected.shape == (-(-173 // factor), -(-214 // factor), 3)
    asked = {"pixels": text(opaque(whole)), "factor": factor, "skip": {"x": 0, "y": 0}}
    [made] = run(tmp_path, SHRINK, [asked | {"width": expected.shape[1], "height": expected.shape[0]}])
    got = np.frombuffer(base64.b64decode(made), np.uint8).reshape(*expected.shape[:2], 4)[..., :3]
    off = np.abs(got.astype(int) - expected)
    # It rounds brightness and colour once, we round each of red, green and blue twice.
    assert off.max() <= 4
    assert off.mean() < 0.6


def test_squares_of_a_turned_picture_begin_at_its_other_corner(tmp_path: Path) -> None:
    pixels = opaque(noise(np.random.default_rng(0), 21, 13))
    turned = pixels[::-1, ::-1].copy()
    sides = {"factor": 4, "width": 6, "height": 4}
    asked = [
        {"pixels": text(pixels), "skip": {"x": 0, "y": 0}} | sides,
        {"pixels": text(turned), "skip": {"x": 3, "y": 3}} | sides,
    ]
    upright, other = (
        np.frombuffer(base64.b64decode(made), np.uint8).reshape(4, 6, 4) for made in run(tmp_path, SHRINK, asked)
    )
    np.testing.assert_array_equal(other[::-1, ::-1], upright)
