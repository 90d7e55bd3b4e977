"""Features, labels and leak-free folds of real packs, for the benchmarks of heads and unknown detection."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from discern.catalog import Catalog, scan
from discern.features import extract, load_backbone
from discern.grouping import find_edges, form_groups
from discern.heads import HeadFitter
from discern.picture import choose_recipe

DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data"))
CACHE = Path(os.environ.get("DISCERN_BENCHMARK_CACHE", Path(__file__).parent / "out" / "cache"))
NOT_LABELLED = {"dirty_samples", "negatives_imagenet"}
FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Features, labels and folds of a pack's distinct pictures.

    Attributes:
        paths: `[N]`, relative to the pack.
        features: float32 `[N, D]`.
        labels: int `[N]`; -1: unlabelled.
        group: int `[N]`; pictures of one group share a fold.
        fold: int `[N]`, 0 to 4; zeros for an unlabelled pack.
        thumbs: uint8 `[N, 64, 64, 3]`.
        blocks: name -> columns of a block of features.
    """

    paths: list[str]
    features: np.ndarray
    labels: np.ndarray
    group: np.ndarray
    fold: np.ndarray
    thumbs: np.ndarray
    blocks: Mapping[str, tuple[int, int]]

    def select(self, mask: np.ndarray) -> Self:
        """Return the pictures of a mask, bool `[N]`, with renumbered labels."""
        rows = np.flatnonzero(mask)
        return replace(
            self,
            paths=[self.paths[row] for row in rows],
            features=self.features[rows],
            labels=np.unique(self.labels[rows], return_inverse=True)[1],
            group=self.group[rows],
            fold=self.fold[rows],
            thumbs=self.thumbs[rows],
        )

    def fitter(self, *, centred: bool = True) -> HeadFitter:
        """Return a fitter on these folds."""
        classes = int(self.labels.max()) + 1
        return HeadFitter(self.features, self.labels, self.fold, classes=classes, blocks=self.blocks, centred=centred)


def list_packs() -> list[str]:
    """Return the names of the labelled packs."""
    return sorted(path.name for path in DATA.iterdir() if path.is_dir() and path.name not in NOT_LABELLED)


def load_pack(folder: Path, *, limit: int | None, copies: bool = False, seed: int = 0) -> Pack:
    """Load at most `limit` random pictures of a pack, of classes with at least one picture per fold.

    Of identical pictures only one is loaded, unless `copies` is set.
    """
    catalog, backbone = scan(folder, cache=CACHE), load_backbone()
    group = form_groups(catalog, find_edges(catalog)).group
    rows = _rows(catalog, limit, seed, copies=copies)
    table = catalog.table[rows]
    recipe = choose_recipe(list(zip(table["width"].to_list(), table["height"].to_list(), strict=True)), backbone.size)
    labels, fold = catalog.label_index[rows], np.zeros(len(rows), np.int64)
    if labels.min() >= 0:
        labels = np.unique(labels, return_inverse=True)[1]
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(rows, labels, group[rows])
        for number, (_, test) in enumerate(folds):
            fold[test] = number
    return Pack(
        paths=table["path"].to_list(),
        features=np.asarray(extract(catalog, rows.tolist(), backbone, recipe, cache=CACHE)),
        labels=labels,
        group=group[rows],
        fold=fold,
        thumbs=np.asarray(catalog.thumbs[rows]),
        blocks=backbone.blocks,
    )


def _rows(catalog: Catalog, limit: int | None, seed: int, *, copies: bool) -> np.ndarray:
    _, first = np.unique(catalog.table["pixels"].fill_null("").to_numpy().astype(str), return_index=True)
    rows = np.flatnonzero(catalog.readable)
    rows = rows if copies else np.intersect1d(first, rows)
    rows = np.sort(np.random.default_rng(seed).permutation(rows)[:limit])
    labels = catalog.label_index[rows]
    if labels.max() < 0:
        return rows
    counts = np.bincount(labels[labels >= 0], minlength=len(catalog.labels))
    return rows[(labels >= 0) & (counts[labels] >= FOLDS)]
