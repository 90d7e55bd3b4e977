"""Packs prepared for the checks, and copies of packs to plant issues in."""

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
class CheckedPack:
    """A pack and the inputs of the checks."""

    catalog: Catalog
    edges: pl.DataFrame
    groups: Groups
    data: TrainingData
    predictions: OutOfFoldPredictions | None

    def findings(self) -> list[Finding]:
        return find_issues(self.catalog, self.edges, self.groups, predictions=self.predictions)

    def relabelled(self, labels: np.ndarray) -> "CheckedPack":
        """Return the same pictures under other labels, int `[N]`, with new out-of-fold predictions."""
        names = pl.Series("label", [self.catalog.labels[label] for label in labels.tolist()], pl.String)
        catalog = replace(self.catalog, table=self.catalog.table.with_columns(names))
        data = replace(self.data, catalog=catalog)
        predictions = predict_for_label_checks(data, cross_split(catalog, self.groups))
        return replace(self, catalog=catalog, data=data, predictions=predictions)


def prepare_pack(folder: Path, cache: Path) -> CheckedPack:
    """Scan, extract features, group, and compute out-of-fold predictions."""
    catalog, backbone = scan(folder, cache=cache), load_backbone("lite0")
    rows = np.flatnonzero(catalog.readable)
    table = catalog.table[rows]
    recipe = choose_recipe(list(zip(table["width"].to_list(), table["height"].to_list(), strict=True)), backbone.size)
    position = np.full(len(catalog), -1)
    position[rows] = np.arange(len(rows))
    features = extract(catalog, rows.tolist(), backbone, recipe, cache=cache)
    edges = find_edges(catalog)
    groups = form_groups(catalog, edges)
    data = TrainingData(catalog=catalog, features=features, position=position, backbone=backbone, recipe=recipe)
    predictions = predict_for_label_checks(data, cross_split(catalog, groups))
    return CheckedPack(catalog=catalog, edges=edges, groups=groups, data=data, predictions=predictions)


def check_files(folder: Path, cache: Path) -> tuple[Catalog, list[Finding]]:
    """Run the checks that need neither comparisons between pictures nor predictions."""
    catalog = scan(folder, cache=cache)
    no_edges = pl.DataFrame(schema={"first": pl.Int32, "second": pl.Int32, "kind": pl.String, "score": pl.Float64})
    return catalog, find_issues(catalog, no_edges, form_groups(catalog, no_edges))


def save(image: Image.Image, path: Path, file_format: str = "JPEG", **options: Any) -> None:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **({"quality": 92} if file_format == "JPEG" else {"compress_level": 1}), **options)
    path.unlink(missing_ok=True)
    path.write_bytes(buffer.getvalue())


def link_unique(pack: CheckedPack, folder: Path) -> list[str]:
    """Link the distinct pictures of a pack into a folder; return their relative paths."""
    pixels = pack.catalog.table["pixels"].fill_null("").to_numpy().astype(str)
    _, first = np.unique(pixels, return_index=True)
    paths = pack.catalog.table["path"][np.intersect1d(first, np.flatnonzero(pack.catalog.readable))].to_list()
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(Path(pack.catalog.root, path).resolve())
    return paths


def open_upright(path: Path) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")
