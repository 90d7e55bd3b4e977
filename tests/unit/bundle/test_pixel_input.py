"""Arrays and tensors: RGB pixels, or an error that names the conversion."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from discern.bundle.pixel_input import is_array, require_rgb
from discern.errors import UsageError

RGB = np.zeros((4, 5, 3), np.uint8)


class Tensor:
    """An array of another library, such as PyTorch."""

    def __init__(self, values: np.ndarray, error: Exception | None = None) -> None:
        self.values, self.error = values, error
        self.ndim, self.dtype = values.ndim, values.dtype

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if self.error:
            raise self.error
        return self.values


def test_rgb_pixels_are_taken_as_they_are() -> None:
    assert require_rgb(RGB) is RGB
    assert require_rgb(Tensor(RGB)) is RGB


@pytest.mark.parametrize(
    ("pixels", "remedy"),
    [
        (RGB[..., 0], "Convert grey"),
        (RGB[..., :1], "Convert grey"),
        (np.zeros((4, 5, 4), np.uint8), "PIL.Image.fromarray"),
        (np.zeros((3, 4, 5), np.float32), "np.moveaxis(pixels, 0, -1)`. Scale the values to 0-255"),
        (RGB / 255, "Scale the values to 0-255"),
        (RGB.astype(np.uint16), "Scale the values to 0-255"),
        (RGB > 0, "Scale the values to 0-255"),
        (RGB[None], "a list of them"),
        (np.zeros((40, 50, 7), np.uint8), "three channels"),
        (RGB[:0], "The array is empty"),
        (RGB.ravel(), ".tobytes()"),
        (np.array(["a.jpg"]), "an array of paths"),
        (np.array([b"a", None]), "an array of paths"),
    ],
)
def test_other_arrays_are_refused_with_the_conversion(pixels: np.ndarray, remedy: str) -> None:
    with pytest.raises(UsageError, match=r"Pixels must be RGB, uint8 \[height, width, 3\], not ") as raised:
        require_rgb(pixels)
    assert remedy in raised.value.hint


def test_the_suggested_conversion_of_grey_works() -> None:
    for pixels in (RGB[..., 0], RGB[..., :1]):
        assert require_rgb(np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)).shape == RGB.shape


def test_a_tensor_that_cannot_be_converted_says_why() -> None:
    with pytest.raises(UsageError, match="Tensor cannot be converted to an array: it requires grad"):
        require_rgb(Tensor(RGB, RuntimeError("it requires grad.")))


@pytest.mark.parametrize("value", [[1], "a", np.float64(3), pl.Series([1]), pl.DataFrame({"a": [1]})])
def test_lists_numbers_columns_and_tables_are_not_arrays(value: object) -> None:
    assert not is_array(value)
