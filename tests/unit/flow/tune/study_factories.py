"""Small studies: coloured pictures in a training and a test part, and the cheapest backbone."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from discern.catalog import scan
from discern.flow.prepare import PrepareConfig
from discern.flow.tune.study_data import StudyData
from discern.flow.tune.trial_settings import TrialSettings
from discern.grouping import find_edges, form_groups
from discern.splitting import make_split
from discern.training import TrainConfig
from tests.integration.workspace import write_backbone
from tests.unit.training.factories import COLOURS, write_colours


def write_parts(folder: Path, *, train: int = 16, test: int = 6, seed: int = 5) -> Path:
    """Write a training part and a test part; `seed` is that of the test part."""
    write_colours(folder, each=train, part="train", spread=60)
    return write_colours(folder, each=test, part="test", seed=seed, spread=60)


def swap_labels(folder: Path, part: str) -> None:
    """Give all pictures of a part the label of another class."""
    first, *rest = sorted(COLOURS)
    names = [first, *rest, first]
    inside = folder / part
    for label in COLOURS:
        (inside / label).rename(inside / f"_{label}")
    for label, other in pairwise(names):
        (inside / f"_{label}").rename(inside / other)


def stretch(folder: Path, part: str) -> None:
    """Replace the pictures of a part with noise of another shape."""
    random = np.random.default_rng(9)
    for path in sorted((folder / part).rglob("*.png")):
        Image.fromarray(random.integers(0, 255, (30, 120, 3), np.uint8)).save(path)


def study_of(photos: Path, folder: Path) -> tuple[StudyData, TrialSettings]:
    """Scan, group and split pictures for a study."""
    cache = folder / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    catalog = scan(photos, cache=cache)
    split = make_split(catalog, form_groups(catalog, find_edges(catalog)))
    backbone = write_backbone(folder / "colour.onnx")
    preparing = PrepareConfig(source=str(photos), backbone=str(backbone))
    data = StudyData(catalog=catalog, split=split, folder=folder, cache=cache)
    return data, TrialSettings(preparing=preparing, training=TrainConfig())
