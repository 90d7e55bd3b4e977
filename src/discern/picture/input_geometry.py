"""Functions that relate places in the model's input to places in the picture."""

import numpy as np
from PIL import Image

from discern.picture.recipe import Recipe, padded_area

# Shares of a picture; smaller overlaps are rounding errors.
_SMALLEST_OVERLAP = 1e-6

Box = tuple[float, float, float, float]


def input_box(recipe: Recipe, size: tuple[int, int]) -> Box:
    """Compute the bounds of the model's input as shares of a picture's width and height.

    They lie inside the picture for a crop, and outside it where the input is padded.

    Args:
        recipe: preprocessing of the picture.
        size: width and height of the upright picture, in pixels.

    Returns:
        Left, top, right and bottom.

    >>> input_box(Recipe(size=200, resize=200, fit="pad"), (400, 200))
    (0.0, -0.5, 1.0, 1.5)
    """
    if recipe.fit == "stretch":
        return 0.0, 0.0, 1.0, 1.0
    width, height = size
    side = (min if recipe.fit == "crop" else max)(width, height) * recipe.size / recipe.resize
    across, down = side / width / 2, side / height / 2
    return 0.5 - across, 0.5 - down, 0.5 + across, 0.5 + down


def cells_inside(recipe: Recipe, size: tuple[int, int], shape: tuple[int, int]) -> np.ndarray:
    """Find the cells of a map over the model's input that show some of the picture, and not padding alone.

    Args:
        recipe: preprocessing of the picture.
        size: width and height of the upright picture, in pixels.
        shape: rows and columns of the map.

    Returns:
        bool `[rows, columns]`.

    >>> cells_inside(Recipe(size=200, resize=200, fit="pad"), (400, 200), (4, 2)).tolist()
    [[False, False], [True, True], [True, True], [False, False]]
    """
    left, top, right, bottom = input_box(recipe, size)
    rows, columns = _overlap(top, bottom, shape[0]), _overlap(left, right, shape[1])
    inside: np.ndarray = rows[:, None] & columns[None, :]
    return inside


def restore_shape(inputs: np.ndarray, recipe: Recipe, size: tuple[int, int]) -> np.ndarray:
    """Undo padding and stretching of a model's input for display; a crop stays one.

    Maps uint8 `[S, S, 3]` to `[h, w, 3]`, S pixels on its longer side unless padding was removed.

    Args:
        inputs: picture made by the recipe.
        recipe: its preprocessing.
        size: width and height of the upright picture, in pixels.
    """
    if recipe.fit == "pad":
        left, top, right, bottom = padded_area(recipe, size)
        return inputs[top:bottom, left:right]
    if recipe.fit == "stretch":
        scale = recipe.size / max(size)
        shape = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
        return np.asarray(Image.fromarray(inputs).resize(shape, Image.Resampling.BICUBIC))
    return inputs


def _overlap(start: float, end: float, cells: int) -> np.ndarray:
    edges = np.linspace(start, end, cells + 1)
    shared = np.minimum(edges[1:], 1) - np.maximum(edges[:-1], 0)
    found: np.ndarray = shared > _SMALLEST_OVERLAP
    return found
