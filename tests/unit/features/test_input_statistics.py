"""Brightness and sharpness of inputs are measured and kept as they are embedded."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.catalog import scan
from discern.features import extract
from discern.features.input_statistics import measure_input, open_statistics
from discern.features.testing import colour_backbone
from discern.picture import choose_recipe, load_input


def test_a_bright_input_is_brighter_and_one_of_a_single_colour_has_no_sharpness() -> None:
    black, white = measure_input(np.zeros((32, 32, 3), np.uint8)), measure_input(np.full((32, 32, 3), 255, np.uint8))
    assert (black.tolist(), white.tolist()) == ([0.0, 0.0], [1.0, 0.0])
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    assert measure_input(noise)[1] > 0.5


def test_embedding_pictures_keeps_the_statistics_of_their_inputs(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(6):
            pixels = np.kron(random.integers(0, 256, (5, 5, 3)), np.ones((8, 8, 1))).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / label / f"{number}.png")
    catalog = scan(tmp_path / "data", cache=tmp_path / "cache")
    backbone = colour_backbone()
    recipe = choose_recipe([(40, 40)], backbone.size)
    extract(catalog, np.arange(12), backbone, recipe, cache=tmp_path / "cache")
    contents, _ = catalog.hashes()
    kept = open_statistics(tmp_path / "cache", recipe).rows(contents)[:]
    expected = [measure_input(load_input(catalog.read_one(row), recipe)) for row in range(12)]
    assert kept == pytest.approx(np.array(expected))
