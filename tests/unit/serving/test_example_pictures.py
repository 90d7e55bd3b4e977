"""Example pictures: small copies without metadata, at fixed paths."""

import io

import numpy as np
from PIL import Image

from discern.serving.example_pictures import SIDE, make_example, place_examples, write_examples


def test_an_example_is_a_small_jpeg() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (900, 1800, 3), np.uint8)
    example = make_example("one", pixels)
    picture = Image.open(io.BytesIO(example.jpeg))
    assert (picture.format, picture.size) == ("JPEG", (SIDE, SIDE // 2))
    assert not picture.getexif()


def test_examples_are_numbered() -> None:
    examples = [make_example(name, np.zeros((9, 9, 3), np.uint8)) for name in ("one", "two")]
    placed = place_examples(examples)
    assert placed == dict(zip(["examples/1.jpg", "examples/2.jpg"], examples, strict=True))
    assert write_examples(examples) == [
        {"name": "one", "path": "examples/1.jpg"},
        {"name": "two", "path": "examples/2.jpg"},
    ]
