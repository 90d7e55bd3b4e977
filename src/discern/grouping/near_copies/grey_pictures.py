"""Functions that decode pictures to grey levels at the size at which pairs are compared."""

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from discern.grouping.near_copies.rotation_invariants import brightness
from discern.parallel import parallel_map
from discern.picture import open_picture

if TYPE_CHECKING:
    from discern.catalog import Catalog

_READ_AHEAD = 32
_SIDE = 256
_SMALLEST = 16


def read_greys(catalog: "Catalog", rows: np.ndarray) -> dict[int, Image.Image]:
    """Decode pictures to luma, downsampled to at most 256 pixels along the shorter side.

    The pictures are read in the order in which the storage is read fastest.

    Args:
        catalog: the pictures.
        rows: readable rows of the catalog, int [n].

    Returns:
        An image of mode "F", 0-255, for each row.
    """
    files = catalog.read(rows.tolist())
    greys: dict[int, Image.Image] = {}
    while batch := dict(islice(files, _READ_AHEAD)):
        greys |= zip(batch, parallel_map([partial(_open_grey, data) for data in batch.values()]), strict=True)
    return greys


def resize_grey(grey: Image.Image, width: float, height: float) -> Image.Image:
    """Resize an image to about so many pixels, and at least 16 along each side."""
    return grey.resize((max(round(width), _SMALLEST), max(round(height), _SMALLEST)), Image.Resampling.BILINEAR)


def _open_grey(data: bytes) -> Image.Image:
    grey = Image.fromarray(brightness(open_picture(data, min_side=_SIDE)))
    scale = min(_SIDE / min(grey.size), 1)
    return resize_grey(grey, grey.width * scale, grey.height * scale)
