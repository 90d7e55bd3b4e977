"""Pictures that visitors of the page may press who have none at hand."""

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
    """One of them, as visitors get it.

    Attributes:
        name: what it is called on the page.
        jpeg: a copy of at most 800 pixels a side, upright, without what a camera notes beside them (such as where).
    """

    name: str
    jpeg: bytes


def make_example(name: str, pixels: np.ndarray) -> Example:
    """Make one out of upright sRGB pixels, uint8 [H, W, 3]."""
    stream = io.BytesIO()
    fit(pixels, SIDE).save(stream, "JPEG", quality=88, optimize=True)
    return Example(name=name, jpeg=stream.getvalue())


def place_examples(examples: Sequence[Example]) -> dict[str, Example]:
    """Each by its path within a site."""
    return {f"{FOLDER}/{number}.jpg": each for number, each in enumerate(examples, 1)}


def write_examples(examples: Sequence[Example]) -> list[dict[str, str]]:
    """What the page is told of them: names, and paths within the site."""
    return [{"name": each.name, "path": path} for path, each in place_examples(examples).items()]
