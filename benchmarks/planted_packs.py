"""Packs as checks see them, and how copies of them are written to plant faults in."""

import io
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image, ImageOps

from discern.catalog import Catalog, scan
from discern.checking import Finding, find_issues
from discern.features import extract, load_backbone
from discern.grouping import Groups, find_edges, form_groups
from discern.heads import OutOfFoldPredictions
from discern.picture import choose_recipe
from discern.splitting import cross_split
from discern.training import TrainingData, predict_for_label_checks

DATA = Path(__file__).resolve().parent.parent / os.environ.get("DISCERN_TEST_DATA", "../shared/data")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A pack with all that checks look at."""

    catalog: Catalog
    edges: pl.DataFrame
    groups: Groups
    material: TrainingData
    opinions: OutOfFoldPredictions | None

    def findings(self) -> list[Finding]:
        return find_issues(self.catalog, self.edges, self.groups, predictions=self.opinions)

    def labelled(self, labels: np.ndarray) -> "Seen":
        """The same pictures under other labels int [N], judged anew."""
        names = pl.Series("label", [self.catalog.labels[label] for label in labels.tolist()], pl.String)
        catalog = replace(self.catalog, table=self.catalog.table.with_columns(names))
        material = replace(self.material, catalog=catalog)
        opinions = predict_for_label_checks(material, cross_split(catalog, self.groups))
        return replace(self, catalog=catalog, material=material, opinions=opinions)


def see(folder: Path, cache: Path) -> Seen:
    """Scan, see, group and answer."""
    catalog, backbone = scan(folder, cache=cache), load_backbone("lite0")
    rows = np.flatnonzero(catalog.readable)
    table = catalog.table[rows]
    recipe = choose_recipe(list(zip(table["width"].to_list(), table["height"].to_list(), strict=True)), backbone.size)
    position = np.full(len(catalog), -1)
    position[rows] = np.arange(len(rows))
    features = extract(catalog, rows.tolist(), backbone, recipe, cache=cache)
    edges = find_edges(catalog)
    groups = form_groups(catalog, edges)
    material = TrainingData(catalog=catalog, features=features, position=position, backbone=backbone, recipe=recipe)
    opinions = predict_for_label_checks(material, cross_split(catalog, groups))
    return Seen(catalog=catalog, edges=edges, groups=groups, material=material, opinions=opinions)


def glance(folder: Path, cache: Path) -> tuple[Catalog, list[Finding]]:
    """What is told of looks and files alone: no picture is compared with another, and no label is doubted."""
    catalog = scan(folder, cache=cache)
    nothing = pl.DataFrame(schema={"first": pl.Int32, "second": pl.Int32, "kind": pl.String, "score": pl.Float64})
    return catalog, find_issues(catalog, nothing, form_groups(catalog, nothing))


def save(image: Image.Image, path: Path, form: str = "JPEG", **more: Any) -> None:
    buffer = io.BytesIO()
    image.save(buffer, form, **({"quality": 92} if form == "JPEG" else {"compress_level": 1}), **more)
    path.unlink(missing_ok=True)
    path.write_bytes(buffer.getvalue())


def copy(seen: Seen, folder: Path) -> list[str]:
    """Link the different pictures of a pack into a folder of its own; their paths."""
    pixels = seen.catalog.table["pixels"].fill_null("").to_numpy().astype(str)
    _, first = np.unique(pixels, return_index=True)
    paths = seen.catalog.table["path"][np.intersect1d(first, np.flatnonzero(seen.catalog.readable))].to_list()
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(Path(seen.catalog.root, path).resolve())
    return paths


def open_upright(path: Path) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")
