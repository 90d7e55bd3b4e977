"""Properties of decoding, hashing and preprocessing, on generated pictures."""

import random
from io import BytesIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from discern.errors import PictureError
from discern.picture import (
    Recipe,
    apply_recipe,
    choose_recipe,
    load_input,
    open_picture,
    pixel_hash,
    read_header,
    thumbnail,
)

LOSSLESS = {
    "PNG": {},
    "WEBP": {"lossless": True, "exact": True},
    "BMP": {},
    "TIFF": {},
    "TIFF ": {"compression": "tiff_adobe_deflate"},
}
NAMES = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "TIFF ", "AVIF"]
# The inverse of the transposition that each orientation stands for.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
quick = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def pictures(draw, most=40):
    shape = draw(st.integers(1, most)), draw(st.integers(1, most))
    values = np.random.default_rng(draw(st.integers(0, 2**32))).integers(0, 256, (*shape, 3), dtype=np.uint8)
    return values // draw(st.sampled_from([1, 16, 255]))


@st.composite
def recipes(draw):
    size, fit = draw(st.integers(1, 64)), draw(st.sampled_from(["crop", "pad", "stretch"]))
    resize = {"crop": st.integers(size, 100), "pad": st.integers(1, size), "stretch": st.just(size)}[fit]
    return Recipe(
        size=size,
        resize=draw(resize),
        fit=fit,
        filter=draw(st.sampled_from(["bicubic", "bilinear", "lanczos"])),
        fill=draw(st.tuples(*[st.integers(0, 255)] * 3)),
    )


@quick
@given(pictures(), st.sampled_from(sorted(LOSSLESS)), st.sampled_from(sorted(LOSSLESS)))
def test_lossless_re_encoding_keeps_the_hash(pixels, first, second):
    once = open_picture(_encode(pixels, first))
    twice = open_picture(_encode(once, second))
    assert pixel_hash(pixels) == pixel_hash(once) == pixel_hash(twice)


@quick
@given(pictures(), st.sampled_from(["PNG", "WEBP", "TIFF", "TIFF "]), st.sampled_from(sorted(STORED)))
def test_the_pixels_do_not_depend_on_the_orientation(pixels, name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(pixels)
    stored = stored if STORED[orientation] is None else stored.transpose(STORED[orientation])
    data = _encode(np.asarray(stored), name, exif=exif)
    assert np.array_equal(open_picture(data), pixels)
    assert (read_header(data).height, read_header(data).width) == pixels.shape[:2]


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=60)
@given(st.randoms(use_true_random=False), st.integers(1, 30))
def test_changed_bytes_give_a_picture_or_a_picture_error(name, chance, changes):
    data = bytearray(PLAIN[name])
    for _ in range(changes):
        data[chance.randrange(len(data))] = chance.randrange(256)
    _survives(bytes(data))


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=60)
@given(st.randoms(use_true_random=False))
def test_changed_header_bytes_give_a_picture_or_a_picture_error(name, chance):
    data = bytearray(PLAIN[name])
    for _ in range(chance.randint(1, 4)):
        data[chance.randrange(12, min(200, len(data)))] = chance.choice([0, 1, 127, 128, 254, 255])
    _survives(bytes(data))


@pytest.mark.parametrize("name", NAMES)
@quick
@given(st.floats(0, 1, exclude_max=True), st.binary(max_size=40))
def test_truncated_and_extended_files_give_a_picture_or_a_picture_error(name, part, tail):
    _survives(PLAIN[name][: int(len(PLAIN[name]) * part)] + tail)


@quick
@given(st.binary(max_size=200), st.sampled_from(NAMES))
def test_random_bytes_after_a_signature_give_a_picture_or_a_picture_error(tail, name):
    _survives(PLAIN[name][: random.Random(len(tail)).randint(2, 40)] + tail)


@quick
@given(recipes())
def test_a_recipe_survives_serialisation(recipe):
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_json(recipe.to_json()).key() == recipe.key()


@quick
@given(pictures(most=90), recipes())
def test_every_recipe_gives_a_square(pixels, recipe):
    result = apply_recipe(pixels, recipe)
    assert (result.shape, result.dtype) == ((recipe.size, recipe.size, 3), np.uint8)


@quick
@given(pictures(most=90), recipes(), st.sampled_from(sorted(LOSSLESS)))
def test_loading_is_opening_and_applying_whatever_the_container(pixels, recipe, name):
    assert np.array_equal(load_input(_encode(pixels, name), recipe), apply_recipe(pixels, recipe))


@quick
@given(pictures(most=90), recipes())
def test_recipes_commute_with_mirroring(pixels, recipe):
    mirrored = apply_recipe(pixels[:, ::-1].copy(), recipe)
    if (recipe.size - recipe.resize) % 2 == 0 and recipe.fit != "pad":
        assert np.abs(mirrored[:, ::-1].astype(int) - apply_recipe(pixels, recipe)).max() <= 1


@quick
@given(st.lists(st.tuples(st.integers(1, 10_000), st.integers(1, 10_000)), max_size=50), st.integers(32, 512))
def test_the_chosen_recipe_does_not_depend_on_order_or_orientation(sizes, size):
    chosen = choose_recipe(sizes, size)
    assert chosen.size == size
    assert chosen == choose_recipe(sizes[::-1], size) == choose_recipe([pair[::-1] for pair in sizes], size)


@quick
@given(pictures(most=90))
def test_a_thumbnail_stays_within_the_range_of_the_picture(pixels):
    small = thumbnail(pixels)
    assert pixels.min() <= small.min()
    assert small.max() <= pixels.max()


def _survives(data):
    for function in (read_header, open_picture):
        try:
            result = function(data)
        except PictureError as error:
            assert error.hint  # noqa: PT017 - many inputs are pictures still
        else:
            assert isinstance(result, np.ndarray) == (function is open_picture)


def _encode(pixels, name, **options):
    file = BytesIO()
    Image.fromarray(pixels).save(file, name.strip(), **LOSSLESS.get(name, {}), **options)
    return file.getvalue()


PLAIN = {name: _encode(np.random.default_rng(7).integers(0, 256, (24, 31, 3), dtype=np.uint8), name) for name in NAMES}
