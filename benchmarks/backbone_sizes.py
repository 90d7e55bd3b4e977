"""Chooses the default size and number of views: accuracy and speed of lite0 over every labelled pack in a folder.

    python benchmarks/backbone_sizes.py [DATA] [--limit 600] [--out benchmarks/out/backbone_sizes.json]

Accuracy is that of a shrunk linear discriminant on random stratified folds that ignore groups, so it is too high for
each pack and fair between the rows of the table, which share pictures and folds. Speed is the whole extraction,
decoding included, in pictures per second of the clock and per second of processor time; the latter also holds on a
machine that others use at the same time.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from discern.catalog import Catalog, scan
from discern.features import Backbone, extract, load_backbone
from discern.picture import choose_recipe

SIZES = (160, 192, 224)
FOLDS, REPEATS = 5, 3
STAGE_WEIGHT = 0.7


def balanced(train: np.ndarray, test: np.ndarray, blocks: Mapping[str, tuple[int, int]]) -> list[np.ndarray]:
    """Both sets standardised by the first; each block of equal weight, the stages .7 of the head's."""
    centre, spread = train.mean(0), train.std(0) + 1e-6
    weight = np.empty(train.shape[1])
    for name, (start, end) in blocks.items():
        weight[start:end] = (1.0 if name == "head" else STAGE_WEIGHT) / np.sqrt(end - start)
    return [(part - centre) / spread * weight for part in (train, test)]


def discriminate(train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Linear discriminant with the covariance shrunk as Ledoit and Wolf (2004) say, solved by rows, not columns.

    With fewer pictures than numbers per picture, the inverse of shrink * I + X'X / n needs a matrix of n x n only.
    """
    means = np.stack([train[labels == label].mean(0) for label in range(labels.max() + 1)])
    inner = train - means[labels]
    count, width = inner.shape
    gram = inner @ inner.T / count
    scale, size = np.trace(gram) / width, (gram**2).sum()
    distance = size - width * scale**2
    noise = min(((count * np.diag(gram)) ** 2).sum() / count**2 - size / count, distance)
    share = noise / distance
    ridge, keep = share * scale, 1 - share
    core = np.linalg.solve(ridge * np.eye(count) + keep * gram, inner @ means.T)
    direction = (means.T - keep / count * inner.T @ core) / ridge
    priors = np.log(np.bincount(labels) / count)
    return (test @ direction - 0.5 * np.einsum("kd,dk->k", means, direction) + priors).argmax(1)


def accuracy(features: np.ndarray, labels: np.ndarray, blocks: Mapping[str, tuple[int, int]]) -> float:
    right = np.zeros(len(labels))
    for seed in range(REPEATS):
        for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(features, labels):
            known, asked = balanced(features[train], features[test], blocks)
            right[test] += discriminate(known, labels[train], asked) == labels[test]
    return float(right.mean() / REPEATS)


def chosen_rows(catalog: Catalog, limit: int) -> np.ndarray:
    """Labelled rows, at most `limit`, drawn at random, of classes that every fold can have."""
    rows = np.random.default_rng(0).permutation(np.flatnonzero(catalog.label_index >= 0))[:limit]
    classes, counts = np.unique(catalog.label_index[rows], return_counts=True)
    return np.sort(rows[np.isin(catalog.label_index[rows], classes[counts >= FOLDS])])


def measure(packs: Mapping[str, Catalog], backbone: Backbone, limit: int, cache: Path) -> dict[str, Any]:
    figures: dict[str, float] = {}
    pictures, wall, processor = 0, 0.0, 0.0
    for name, catalog in packs.items():
        rows = chosen_rows(catalog, limit)
        sizes = list(catalog.table[rows].select("width", "height").iter_rows())
        recipe = choose_recipe(sizes, backbone.size)
        started, used = time.perf_counter(), time.process_time()
        features = extract(catalog, rows, backbone, recipe, cache=cache)
        wall += time.perf_counter() - started
        processor += time.process_time() - used
        pictures += catalog.table[rows]["content"].n_unique()
        labels = np.unique(catalog.label_index[rows], return_inverse=True)[1]
        figures[name] = accuracy(features[:].astype(np.float64), labels, backbone.blocks)
    mean = float(np.mean(list(figures.values())))
    return {"mean": mean, "per_second": pictures / wall, "per_cpu_second": pictures / processor, "packs": figures}


def behind_best(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """How far each row is behind the most accurate one: the mean over the packs and its standard error."""
    accuracies = np.array([list(row["packs"].values()) for row in table])
    behind = accuracies[accuracies.mean(1).argmax()] - accuracies
    errors = behind.std(1, ddof=1) / np.sqrt(behind.shape[1])
    return [
        f"{row['size']} px, {row['views']} view(s): {mean:.4f} behind the best, standard error {error:.4f}"
        for row, mean, error in zip(table, behind.mean(1), errors, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).parent.parent / os.environ.get("DISCERN_TEST_DATA", "../shared/data")
    parser.add_argument("data", nargs="?", type=Path, default=default)
    parser.add_argument("--limit", type=int, default=600, help="pictures per pack")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "backbone_sizes.json")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="sides in px")
    asked = parser.parse_args()
    table = []
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        scanned = {pack.name: scan(pack, cache=cache) for pack in sorted(asked.data.iterdir()) if pack.is_dir()}
        packs = {name: catalog for name, catalog in scanned.items() if len(catalog.labels) > 1}
        print("size  views  mean   pictures/s  per CPU second  " + "  ".join(name[:10] for name in packs))
        for size in asked.sizes:
            for views in (1, 2):
                row = measure(packs, load_backbone("lite0", size=size, mirror=views == 2), asked.limit, cache)
                table.append({"size": size, "views": views, **row})
                speeds = f"{row['per_second']:10.1f}  {row['per_cpu_second']:14.1f}"
                each = "  ".join(f"{row['packs'][name]:<{len(name[:10])}.3f}" for name in packs)
                print(f"{size:4}  {views:5}  {row['mean']:.4f}  {speeds}  {each}", flush=True)
    print(*behind_best(table), sep="\n")
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps({"limit": asked.limit, "table": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
