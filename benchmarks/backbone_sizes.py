"""Accuracy and speed of lite0 by input size, fit and number of views, over every labelled pack in a folder.

    python benchmarks/backbone_sizes.py [DATA] [--limit 600] [--fit pad] [--out benchmarks/out/backbone_sizes.json]

The defaults of the backbone were chosen with it. Accuracy is that of shrinkage LDA on random stratified folds that
ignore groups: too high for each pack, but comparable between rows, which share pictures and folds. Speed is that of the
whole extraction including decoding, in pictures per second of wall time and of CPU time; the latter is also valid on a
shared machine.
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


def standardise(train: np.ndarray, test: np.ndarray, blocks: Mapping[str, tuple[int, int]]) -> list[np.ndarray]:
    """Standardise both sets by the first; weight the blocks equally, the stages by 0.7 of the head's weight."""
    centre, spread = train.mean(0), train.std(0) + 1e-6
    weight = np.empty(train.shape[1])
    for name, (start, end) in blocks.items():
        weight[start:end] = (1.0 if name == "head" else STAGE_WEIGHT) / np.sqrt(end - start)
    return [(part - centre) / spread * weight for part in (train, test)]


def predict_lda(train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Predict by LDA with Ledoit-Wolf shrinkage (2004), solved in the dual.

    With fewer pictures than features, inverting shrink * I + X'X / n needs only an n x n matrix.
    """
    means = np.stack([train[labels == label].mean(0) for label in range(labels.max() + 1)])
    inner = train - means[labels]
    count, width = inner.shape
    gram = inner @ inner.T / count
    scale, size = np.trace(gram) / width, (gram**2).sum()
    distance = size - width * scale**2
    noise = min(((count * np.diag(gram)) ** 2).sum() / count**2 - size / count, distance)
    share = noise / distance
    ridge, rest = share * scale, 1 - share
    core = np.linalg.solve(ridge * np.eye(count) + rest * gram, inner @ means.T)
    direction = (means.T - rest / count * inner.T @ core) / ridge
    priors = np.log(np.bincount(labels) / count)
    return (test @ direction - 0.5 * np.einsum("kd,dk->k", means, direction) + priors).argmax(1)


def accuracy(features: np.ndarray, labels: np.ndarray, blocks: Mapping[str, tuple[int, int]]) -> float:
    correct = np.zeros(len(labels))
    for seed in range(REPEATS):
        for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(features, labels):
            train_x, test_x = standardise(features[train], features[test], blocks)
            correct[test] += predict_lda(train_x, labels[train], test_x) == labels[test]
    return float(correct.mean() / REPEATS)


def select_rows(catalog: Catalog, limit: int) -> np.ndarray:
    """Draw at most `limit` labelled rows at random, of classes with at least one picture per fold."""
    rows = np.random.default_rng(0).permutation(np.flatnonzero(catalog.label_index >= 0))[:limit]
    classes, counts = np.unique(catalog.label_index[rows], return_counts=True)
    return np.sort(rows[np.isin(catalog.label_index[rows], classes[counts >= FOLDS])])


def measure(
    packs: Mapping[str, Catalog], backbone: Backbone, limit: int, cache: Path, fit: str | None
) -> dict[str, Any]:
    accuracies: dict[str, float] = {}
    pictures, wall, cpu = 0, 0.0, 0.0
    for name, catalog in packs.items():
        rows = select_rows(catalog, limit)
        sizes = list(catalog.table[rows].select("width", "height").iter_rows())
        recipe = choose_recipe(sizes, backbone.size, fit=fit)
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        features = extract(catalog, rows, backbone, recipe, cache=cache)
        wall += time.perf_counter() - wall_start
        cpu += time.process_time() - cpu_start
        pictures += catalog.table[rows]["content"].n_unique()
        labels = np.unique(catalog.label_index[rows], return_inverse=True)[1]
        accuracies[name] = accuracy(features[:].astype(np.float64), labels, backbone.blocks)
    mean = float(np.mean(list(accuracies.values())))
    return {"mean": mean, "per_second": pictures / wall, "per_cpu_second": pictures / cpu, "packs": accuracies}


def deficits(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """Describe each row's accuracy deficit to the best row: mean over the packs and standard error."""
    accuracies = np.array([list(row["packs"].values()) for row in table])
    deficit = accuracies[accuracies.mean(1).argmax()] - accuracies
    errors = deficit.std(1, ddof=1) / np.sqrt(deficit.shape[1])
    return [
        f"{row['size']} px, {row['views']} view(s): {mean:.4f} below the best, standard error {error:.4f}"
        for row, mean, error in zip(table, deficit.mean(1), errors, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).parent.parent / os.environ.get("DISCERN_TEST_DATA", "../shared/data")
    parser.add_argument("data", nargs="?", type=Path, default=default)
    parser.add_argument("--limit", type=int, default=600, help="pictures per pack")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "backbone_sizes.json")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="input sizes in px")
    parser.add_argument("--fit", choices=("crop", "pad", "squash"), help="by default that of the pictures' shapes")
    args = parser.parse_args()
    table = []
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        scanned = {pack.name: scan(pack, cache=cache) for pack in sorted(args.data.iterdir()) if pack.is_dir()}
        packs = {name: catalog for name, catalog in scanned.items() if len(catalog.labels) > 1}
        print("size  views  mean   pictures/s  per CPU second  " + "  ".join(name[:10] for name in packs))
        for size in args.sizes:
            for views in (1, 2):
                row = measure(packs, load_backbone("lite0", size=size, mirror=views == 2), args.limit, cache, args.fit)
                table.append({"size": size, "views": views, **row})
                speeds = f"{row['per_second']:10.1f}  {row['per_cpu_second']:14.1f}"
                columns = "  ".join(f"{row['packs'][name]:<{len(name[:10])}.3f}" for name in packs)
                print(f"{size:4}  {views:5}  {row['mean']:.4f}  {speeds}  {columns}", flush=True)
    print(*deficits(table), sep="\n")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps({"limit": args.limit, "fit": args.fit, "table": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
