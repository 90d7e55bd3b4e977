"""Small data sets of coloured pictures, with the features of a backbone that computes colours."""

from pathlib import Path

import numpy as np
from PIL import Image

from discern.catalog import Catalog, scan
from discern.features import Backbone, extract
from discern.features.testing import colour_backbone
from discern.grouping import Groups, find_edges, form_groups
from discern.picture import choose_recipe
from discern.progress import silent
from discern.splitting import Split
from discern.training import Probe, TrainConfig, TrainingData
from discern.training.methods import ProbeResult

COLOURS = {"blue": (40, 60, 200), "green": (40, 190, 70), "red": (200, 50, 40)}


def write_colours(folder: Path, *, each: int = 12, seed: int = 0, spread: float = 25.0, part: str = "") -> Path:
    """Write class folders of noisy pictures of one colour."""
    random = np.random.default_rng(seed)
    for label, colour in COLOURS.items():
        inside = folder / part / label
        inside.mkdir(parents=True, exist_ok=True)
        for number in range(each):
            tint = random.normal(colour, spread)
            pixels = random.normal(tint, 30, (40, 40, 3))
            # Coarse blotches keep the pictures from being near-copies.
            pixels += np.kron(random.normal(0, 40, (5, 5, 1)), np.ones((8, 8, 1)))
            Image.fromarray(np.uint8(np.clip(pixels, 0, 255))).save(inside / f"{part or 'p'}{number * 37 % 101}.png")
    return folder


def load_data(folder: Path, cache: Path, backbone: Backbone | None = None) -> tuple[TrainingData, Groups]:
    """Scan a folder, extract features, by default colours, and form groups."""
    catalog: Catalog = scan(folder, cache=cache)
    backbone = backbone or colour_backbone()
    rows = np.flatnonzero(catalog.readable)
    recipe = choose_recipe([(40, 40)], backbone.size)
    position = np.full(len(catalog.table), -1)
    position[rows] = np.arange(len(rows))
    data = TrainingData(
        catalog=catalog,
        features=extract(catalog, rows, backbone, recipe, cache=cache),
        position=position,
        backbone=backbone,
        recipe=recipe,
    )
    return data, form_groups(catalog, find_edges(catalog))


def fit_probe(data: TrainingData, split: Split, config: TrainConfig) -> ProbeResult:
    """Fit a probe, which writes no checkpoints."""
    return Probe(config=config.head, seed=config.seed).fit(data, split, checkpoints=Path("none"), progress=silent)
