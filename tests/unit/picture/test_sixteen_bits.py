"""Pictures of more than 8 bits per channel, and cameras that use a sliver of 16."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from tests.unit.picture.deep_pictures import deep_png, deep_tiff

from discern.picture import Limits, Recipe, choose_recipe, load_input, open_picture
from discern.picture.decode import opened
from discern.picture.picture_facts import read_facts
from discern.picture.sixteen_bits import FULL_RANGE, choose_white, to_eight_bits

VALUES = np.random.default_rng(0).integers(0, 4096, (40, 60), dtype=np.uint16)
COLOURS = np.random.default_rng(1).integers(0, 4096, (40, 60, 3), dtype=np.uint16)
GREY = ["PNG", "TIFF", "TIFF LZW", "TIFF big-endian"]


def grey(values, kind):
    file = BytesIO()
    if kind == "TIFF big-endian":
        Image.fromarray(values.astype(">u2")).save(file, "TIFF")
    else:
        options = {"compression": "tiff_lzw"} if kind.endswith("LZW") else {}
        Image.fromarray(values).save(file, kind.partition(" ")[0], **options)
    return file.getvalue()


def decode(data, white):
    with opened(data, Limits()) as picture:
        return np.asarray(picture.decode(None, white))


@pytest.mark.parametrize(
    ("peaks", "white"),
    [
        ([], 65535),
        ([None, None], 65535),
        ([0], 255),
        ([255], 255),
        ([256, None, 3], 511),
        ([1000, 1023], 1023),
        ([4095, 17], 4095),
        ([16383], 16383),
        ([16384], 65535),
        ([4095, 65535], 65535),
    ],
)
def test_the_largest_value_of_all_decides_what_is_white(peaks, white):
    assert choose_white(peaks) == choose_recipe([(9, 9)], 64, peaks=peaks).white == white


def test_the_full_range_is_rounded_as_ever():
    assert np.array_equal(to_eight_bits(FULL_RANGE), (np.arange(65536) + 128) // 257)


@pytest.mark.parametrize("bits", range(8, 17))
def test_each_range_is_scaled_to_8_bits(bits):
    white = (1 << bits) - 1
    scaled = to_eight_bits(white)
    assert (scaled[0], scaled[white // 2], scaled[white], scaled[-1]) == (0, 127, 255, 255)


@pytest.mark.parametrize("kind", GREY)
def test_greyscale_is_scaled_by_the_given_white(kind):
    data = grey(VALUES, kind)
    assert np.array_equal(decode(data, 4095)[..., 0], to_eight_bits(4095)[VALUES])
    assert np.array_equal(decode(data, FULL_RANGE)[..., 0], to_eight_bits(FULL_RANGE)[VALUES])
    assert np.array_equal(open_picture(data), decode(data, FULL_RANGE))


def test_32_bit_integers_are_scaled_by_the_given_white():
    file = BytesIO()
    Image.fromarray(VALUES.astype(np.int32)).save(file, "TIFF")
    assert np.array_equal(decode(file.getvalue(), 4095)[..., 0], to_eight_bits(4095)[VALUES])


@pytest.mark.parametrize("make", [deep_png, deep_tiff])
def test_colours_are_scaled_by_the_given_white(make):
    data = make(COLOURS)
    assert np.array_equal(decode(data, 4095), to_eight_bits(4095)[COLOURS])
    assert np.abs(decode(data, FULL_RANGE).astype(int) - COLOURS / 257).max() <= 1


def test_alpha_is_not_scaled():
    opaque = np.dstack([COLOURS, np.full(COLOURS.shape[:2], 65535, np.uint16)])
    assert np.array_equal(decode(deep_png(opaque), 4095), to_eight_bits(4095)[COLOURS])
    grey_and_alpha = opaque[..., 2:]
    expected = to_eight_bits(4095)[COLOURS[..., 2]]
    assert np.abs(decode(deep_png(grey_and_alpha), 4095)[..., 0].astype(int) - expected).max() <= 8  # upper bits alone


def test_the_largest_values_are_facts():
    wide = VALUES.copy()
    wide[3, 4] = 40_000
    files = [grey(VALUES, "PNG"), grey(wide, "TIFF"), deep_png(COLOURS), grey(VALUES.astype(np.uint8), "PNG")]
    facts = read_facts(files, Limits())
    assert facts.problems == {}
    assert facts.facts["peak"].tolist() == [VALUES.max(), 40_000, 4095, -1]


@pytest.mark.parametrize("make", [lambda: grey(VALUES, "PNG"), lambda: deep_png(COLOURS), lambda: deep_tiff(COLOURS)])
def test_thumbnails_and_hashes_see_the_picture_s_own_range(make):
    """Scale by the picture's own largest value, so that the thumbnails of a camera of 12 bits are not black."""
    facts = read_facts([make()], Limits())
    assert facts.thumbs.max() > 200


def test_a_recipe_has_white_only_where_it_matters():
    plain, narrow = Recipe(size=64, resize=73), Recipe(size=64, resize=73, white=4095)
    assert "white" not in plain.to_json()
    assert Recipe.from_json(plain.to_json()) == plain
    assert narrow.to_json()["white"] == 4095
    assert Recipe.from_json(narrow.to_json()) == narrow
    assert plain.key() != narrow.key()


@pytest.mark.parametrize("kind", GREY)
def test_the_recipe_decides_what_a_model_sees(kind):
    recipe = Recipe(size=32, resize=32, fit="stretch", white=4095)
    seen = load_input(grey(np.full((50, 50), 2048, np.uint16), kind), recipe)
    assert (seen == 128).all()
