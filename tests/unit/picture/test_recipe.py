import hashlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from discern.errors import PictureError, UsageError
from discern.picture import Recipe, apply_recipe, check_size, choose_recipe, load_input, open_picture

CROP = Recipe(size=64, resize=73)
PAD = Recipe(size=64, resize=64, fit="pad", fill=(1, 2, 3))
STRETCH = Recipe(size=64, resize=64, fit="stretch")
SHAPES = [(1, 1), (1, 400), (400, 1), (32, 32), (48, 64), (64, 64), (73, 73), (300, 200), (200, 611)]


@pytest.mark.parametrize("recipe", [CROP, PAD, STRETCH], ids=lambda recipe: recipe.fit)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_picture_becomes_a_square(recipe, shape):
    result = apply_recipe(np.full((*shape, 3), 77, np.uint8), recipe)
    assert (result.shape, result.dtype) == ((64, 64, 3), np.uint8)
    assert (result == 77).any()


def test_a_crop_is_the_centre_of_the_resized_picture():
    pixels = np.random.default_rng(0).integers(0, 256, (146, 292, 3), dtype=np.uint8)
    resized = Image.fromarray(pixels).resize((146, 73), Image.Resampling.BICUBIC)
    middle = np.asarray(resized)[4:68, 41:105].astype(int)
    # The exact centre lies half a pixel off the grid, so the two are compared after averaging.
    result = apply_recipe(pixels, CROP).astype(int)
    assert abs(middle.mean() - result.mean()) < 1
    aligned = apply_recipe(pixels, Recipe(size=64, resize=64))
    whole = np.asarray(Image.fromarray(pixels).resize((128, 64), Image.Resampling.BICUBIC))[:, 32:96]
    assert np.abs(aligned.astype(int) - whole).max() <= 1


def test_padding_keeps_the_whole_picture_and_its_aspect_ratio():
    result = apply_recipe(np.full((100, 200, 3), 77, np.uint8), PAD)
    assert (result[16:48] == 77).all()
    assert (result[:16] == PAD.fill).all()
    assert (result[48:] == PAD.fill).all()


def test_stretching_keeps_the_whole_picture():
    pixels = np.zeros((100, 300, 3), np.uint8)
    pixels[:, 150:] = 200
    result = apply_recipe(pixels, STRETCH)
    assert (result[:, :28] == 0).all()
    assert (result[:, 36:] == 200).all()


def test_small_pictures_are_enlarged_by_the_same_recipe():
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    recipe = Recipe(size=192, resize=219)
    side = 32 * 192 / 219
    box = ((32 - side) / 2, (32 - side) / 2, (32 + side) / 2, (32 + side) / 2)
    expected = Image.fromarray(pixels).resize((192, 192), Image.Resampling.BICUBIC, box=box)
    assert np.array_equal(apply_recipe(pixels, recipe), np.asarray(expected))


@pytest.mark.parametrize("recipe", [CROP, PAD, STRETCH], ids=lambda recipe: recipe.fit)
@pytest.mark.parametrize("name", ["PNG", "WEBP", "JPEG"])
def test_loading_is_opening_and_applying(recipe, name):
    file = BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (100, 120, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, name)
    expected = apply_recipe(open_picture(file.getvalue(), min_side=recipe.min_side(120, 100)), recipe)
    assert np.array_equal(load_input(file.getvalue(), recipe), expected)


@pytest.mark.parametrize("recipe", [CROP, PAD, STRETCH], ids=lambda recipe: recipe.fit)
def test_a_large_jpeg_loads_nearly_as_if_decoded_at_full_size(recipe):
    grid = np.add.outer(np.sin(np.arange(904) / 40), np.cos(np.arange(1304) / 60))
    pixels = (127 + 60 * np.stack([grid, -grid, grid / 2], axis=-1)).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    whole = apply_recipe(open_picture(file.getvalue()), recipe)
    assert np.abs(load_input(file.getvalue(), recipe).astype(int) - whole).mean() < 2


@pytest.mark.parametrize(("size", "min_side"), [((100, 100), 64), ((200, 100), 32), ((300, 1), 1), ((1000, 333), 22)])
def test_padding_needs_a_shorter_side_for_an_oblong_picture(size, min_side):
    assert PAD.min_side(*size) == PAD.min_side(*reversed(size)) == min_side
    assert CROP.min_side(*size) == 73
    assert STRETCH.min_side(*size) == 64


def test_an_unusable_file_is_a_picture_error():
    with pytest.raises(PictureError):
        load_input(b"not a picture", CROP)


@pytest.mark.parametrize(
    ("sizes", "fit"),
    [
        ([], "crop"),
        ([(100, 100)] * 10, "crop"),
        ([(400, 300)] * 10 + [(300, 400)] * 10, "crop"),
        ([(1600, 1000)] * 10, "crop"),
        ([(1601, 1000)] * 10, "stretch"),
        ([(400, 300)] * 75 + [(900, 100)] * 25, "crop"),
        ([(400, 300)] * 74 + [(900, 100)] * 13 + [(100, 900)] * 13, "stretch"),
    ],
)
def test_the_recipe_is_chosen_by_aspect_ratios(sizes, fit):
    recipe = choose_recipe(sizes, 224)
    assert (recipe.fit, recipe.size) == (fit, 224)
    assert recipe.resize == (256 if fit == "crop" else 224)


def test_keys_are_stable_and_distinct():
    assert Recipe(size=224, resize=256).key() == "51322e6a4ed1a16a"
    others = [CROP, PAD, STRETCH, Recipe(size=64, resize=74), Recipe(size=64, resize=73, filter="bilinear")]
    assert len({recipe.key() for recipe in others}) == len(others)
    assert CROP.key() == Recipe(size=64, resize=73).key()


@pytest.mark.parametrize(
    "change",
    [
        {"size": 0},
        {"size": -1},
        {"size": 64.0},
        {"size": True},
        {"size": "64"},
        {"size": 100_000},
        {"resize": 63},
        {"resize": None},
        {"fit": "squash"},
        {"fit": "pad"},
        {"fit": "stretch"},
        {"filter": "nearest"},
        {"filter": None},
        {"fill": [1, 2]},
        {"fill": [1, 2, 256]},
        {"fill": [1, 2, -1]},
        {"fill": [1, 2, 3.0]},
        {"fill": "abc"},
        {"fill": None},
        {"more": 1},
    ],
)
def test_an_invalid_description_is_rejected(change):
    described = {**CROP.to_json(), **change}
    with pytest.raises(UsageError, match="recipe"):
        Recipe.from_json(described)


@pytest.mark.parametrize("missing", ["size", "resize", "fit", "filter", "fill"])
def test_an_incomplete_description_is_rejected(missing):
    described = CROP.to_json()
    del described[missing]
    with pytest.raises(UsageError, match="keys"):
        Recipe.from_json(described)


@pytest.mark.parametrize("described", [None, [], "crop", 3])
def test_other_types_are_rejected(described):
    with pytest.raises(UsageError):
        Recipe.from_json(described)


def test_resampling_is_the_same_in_every_version_of_pillow() -> None:
    """Compare with the bytes of Pillow 11, 12 and 13, which differ in the order of the axes."""
    random, digest = np.random.default_rng(0), hashlib.sha256()
    for width, height in ((300, 200), (20, 900), (900, 20), (90, 70), (33, 450), (1, 300)):
        pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        for fit, resize in (("crop", 73), ("pad", 64), ("stretch", 64)):
            digest.update(apply_recipe(pixels, Recipe(size=64, resize=resize, fit=fit)).tobytes())  # type: ignore[arg-type]
    assert digest.hexdigest()[:16] == "6ccc7ebe42c7cce3"


@pytest.mark.parametrize(
    ("fit", "resize", "named"), [("crop", 256, "crop"), ("pad", 224, "pad"), ("squash", 224, "stretch")]
)
@pytest.mark.parametrize("sizes", [[(100, 100)], [(100, 300)], []])
def test_a_fit_may_be_chosen(fit, resize, named, sizes):
    recipe = choose_recipe(sizes, 224, fit=fit)
    assert (recipe.size, recipe.resize, recipe.fit) == (224, resize, named)


def test_without_a_choice_the_recipe_is_the_one_of_earlier_versions():
    assert choose_recipe([(100, 100)], 192) == Recipe(size=192, resize=219)
    assert choose_recipe([(100, 300)], 192) == Recipe(size=192, resize=192, fit="stretch")
    assert choose_recipe([(100, 100)], 192).key() == "d24c81610f2a2bf0"


def test_every_possible_size_has_a_recipe():
    assert [choose_recipe([], size, fit=fit).size for size in (1, 4096) for fit in ("crop", "pad", "squash")]


@pytest.mark.parametrize("fit", ["stretch", "Crop", "", "middle"])
def test_other_fits_are_refused_with_the_possible_ones(fit):
    with pytest.raises(UsageError, match="Unknown fit") as caught:
        choose_recipe([], 192, fit=fit)
    assert all(word in caught.value.hint for word in ("crop", "pad", "squash"))


@pytest.mark.parametrize("size", [0, -1, 4097, 2.5, True, "192"])
def test_other_sizes_are_refused(size):
    assert check_size(4096) == 4096
    with pytest.raises(UsageError, match="Invalid size"):
        check_size(size)
