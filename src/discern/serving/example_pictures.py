"""Functions that prepare example images for the web page."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from discern.picture import fit

MOST = 12
SIDE = 800
FOLDER = "examples"


@dataclass(frozen=True, kw_only=True)
class Example:
    """Example image that is published on the web page.

    Attributes:
        name: its caption.
        jpeg: an upright JPEG of at most 800 pixels a side, without metadata such as the location.
    """

    name: str
    jpeg: bytes


def make_example(name: str, pixels: np.ndarray) -> Example:
    """Create an example image for the web page from an upright sRGB image."""
    stream = io.BytesIO()
    fit(pixels, SIDE).save(stream, "JPEG", quality=88, optimize=True)
    return Example(name=name, jpeg=stream.getvalue())


def place_examples(examples: Sequence[Example]) -> dict[str, Example]:
    """Map file paths on the web site to the example images."""
    return {f"{FOLDER}/{number}.jpg": each for number, each in enumerate(examples, 1)}


def write_examples(examples: Sequence[Example]) -> list[dict[str, str]]:
    """Return the names and paths of the example images for the web page configuration."""
    return [{"name": each.name, "path": path} for path, each in place_examples(examples).items()]
