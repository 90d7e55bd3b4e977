"""Cache of the brightness and sharpness of the network's inputs, which are measured as pictures are embedded."""

from pathlib import Path

import numpy as np

from discern.picture import Recipe
from discern.picture.statistics import measure_statistics
from discern.store import Shelf


def open_statistics(cache: Path, recipe: Recipe) -> Shelf:
    """Open the table of brightness and sharpness by content hash, rows float64 `[2]`.

    Args:
        cache: directory of the cache.
        recipe: preprocessing that gives the inputs.
    """
    return Shelf(cache, f"statistics-{recipe.key()}", np.dtype(np.float64), shape=(2,))


def measure_input(pixels: np.ndarray) -> np.ndarray:
    """Measure brightness and sharpness of one input, uint8 `[size, size, 3]`; the result is float64 `[2]`."""
    found = measure_statistics([pixels])[0]
    return np.array([found.brightness, found.sharpness])
