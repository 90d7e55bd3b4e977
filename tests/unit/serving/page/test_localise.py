"""The page sees an answer where Python sees it."""

from pathlib import Path

import numpy as np

from discern.inference.localisation import localise
from discern.picture import Recipe
from tests.unit.serving.page.node import run

SEE = """
import { localise } from "./api/localise.js";
made = given.map(({ evidence, columns, recipe, size }) => {
  const seen = localise(Float32Array.from(evidence), columns, recipe, size);
  return { ...seen, map: Array.from(seen.map) };
});
"""
RECIPES = (
    Recipe(size=96, resize=110, fit="crop"),
    Recipe(size=96, resize=80, fit="pad"),
    Recipe(size=96, resize=96, fit="pad"),
    Recipe(size=96, resize=96, fit="stretch"),
)


def evidence(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A blob somewhere, or noise everywhere, or nothing."""
    y, x = np.mgrid[0:rows, 0:columns]
    across, down = random.uniform(0, columns), random.uniform(0, rows)
    blob = np.exp(-((x - across) ** 2 + (y - down) ** 2) / random.uniform(0.5, 9))
    return np.float32(random.choice([0, 1, 3]) * blob + random.choice([0, 0.2]) * random.normal(size=(rows, columns)))


def test_maps_boxes_and_places_are_the_same(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    asked, expected = [], []
    for number in range(200):
        rows, columns = (int(side) for side in random.integers(1, 9, 2))
        recipe, size = RECIPES[number % len(RECIPES)], tuple(int(side) for side in random.integers(10, 900, 2))
        spot = evidence(random, rows, columns)
        asked.append({"evidence": spot.ravel().tolist(), "columns": columns, "recipe": recipe.to_json()})
        asked[-1]["size"] = size
        expected.append(localise(spot, recipe, size))
    places = [each.place for each in expected]
    assert {None, "left", "centre", "right"} == set(places)
    for made, wanted in zip(run(tmp_path, SEE, asked), expected, strict=True):
        assert made["place"] == wanted.place
        np.testing.assert_allclose(made["box"], wanted.box, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(made["map"], wanted.map.ravel(), atol=1e-6)
