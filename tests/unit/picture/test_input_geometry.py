"""Places in the model's input are where they are in the picture, for every fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discern.picture import Recipe, apply_recipe, cells_inside, choose_recipe, input_box, restore_shape

SIZES = [(200, 200), (400, 200), (200, 400), (301, 200), (7, 640)]
FITS = ("crop", "pad", "squash")


def recipe(fit: str, size: int = 64) -> Recipe:
    return choose_recipe([], size, fit=fit)


def spotted(width: int, height: int, x: float, y: float) -> np.ndarray:
    """A black picture with a white spot at a place in shares of its sides."""
    pixels = np.zeros((height, width, 3), np.uint8)
    side = max(2, min(width, height) // 16)
    left, top = int(x * width), int(y * height)
    pixels[max(0, top - side) : top + side, max(0, left - side) : left + side] = 255
    return pixels


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(("width", "height"), SIZES[:4])
@pytest.mark.parametrize(("x", "y"), [(0.5, 0.5), (0.4, 0.6), (0.6, 0.35)])
def test_a_spot_is_found_where_it_is(fit: str, width: int, height: int, x: float, y: float) -> None:
    inputs = apply_recipe(spotted(width, height, x, y), recipe(fit))[..., 0].astype(float)
    inputs[inputs < 200] = 0  # padding is grey
    down, across = (np.average(np.arange(64) + 0.5, weights=inputs.sum(axis=axis)) / 64 for axis in (1, 0))
    left, top, right, bottom = input_box(recipe(fit), (width, height))
    assert left + across * (right - left) == pytest.approx(x, abs=0.02)
    assert top + down * (bottom - top) == pytest.approx(y, abs=0.02)


@pytest.mark.parametrize("fit", ["crop", "squash"])
@pytest.mark.parametrize("size", SIZES)
def test_no_cell_is_padding_without_padding(fit: str, size: tuple[int, int]) -> None:
    assert cells_inside(recipe(fit), size, (7, 6)).all()


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 900), st.integers(1, 900), st.integers(1, 9), st.integers(1, 9), st.integers(20, 64)
)  # fmt: skip
def test_cells_of_padding_alone_are_outside(width: int, height: int, rows: int, columns: int, resize: int) -> None:
    padded = Recipe(size=64, resize=resize, fit="pad")
    inside = cells_inside(padded, (width, height), (rows, columns))
    assert inside.any()
    assert inside.tolist() == inside[::-1, ::-1].tolist()
    left, top, right, bottom = input_box(padded, (width, height))
    for row, column in np.argwhere(~inside):
        beyond_x = (
            left + (column + 1) / columns * (right - left) <= 1e-5
            or left + column / columns * (right - left) >= 1 - 1e-5
        )
        beyond_y = top + (row + 1) / rows * (bottom - top) <= 1e-5 or top + row / rows * (bottom - top) >= 1 - 1e-5
        assert beyond_x or beyond_y


@pytest.mark.parametrize("size", SIZES)
def test_padding_is_removed_exactly(size: tuple[int, int]) -> None:
    pixels = np.full((size[1], size[0], 3), 255, np.uint8)
    shown = restore_shape(apply_recipe(pixels, recipe("pad")), recipe("pad"), size)
    assert (shown == 255).all()
    assert max(shown.shape[:2]) == 64
    again = apply_recipe(shown, recipe("pad"))
    assert np.array_equal(again, apply_recipe(pixels, recipe("pad")))


@pytest.mark.parametrize("size", SIZES)
def test_a_squashed_picture_has_its_shape_again(size: tuple[int, int]) -> None:
    shown = restore_shape(np.zeros((64, 64, 3), np.uint8), recipe("squash"), size)
    width, height = shown.shape[1], shown.shape[0]
    assert max(width, height) == 64
    assert width / height == pytest.approx(size[0] / size[1], rel=0.5 / min(width, height) + 0.02)


def test_a_crop_stays_a_crop() -> None:
    inputs = np.zeros((64, 64, 3), np.uint8)
    assert restore_shape(inputs, recipe("crop"), (300, 200)) is inputs
