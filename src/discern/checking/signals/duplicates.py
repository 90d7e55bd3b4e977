"""Functions that find duplicate images, and duplicates with conflicting labels."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from discern.grouping.groups import merge_groups

if TYPE_CHECKING:
    from discern.catalog import Catalog

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """Pair of duplicate or near-duplicate images.

    Attributes:
        row: the picture that is proposed for dropping or grouping: of two given parts that in training, of two paths
            the later one.
        other: the picture that stays.
        kind: "exact" (the same pixels) or "near".
        score: confidence in [0, 1].
    """

    row: int
    other: int
    kind: Literal["exact", "near"]
    score: float


def find_duplicates(edges: pl.DataFrame, *, labels: Ints, rank: Ints) -> Iterator[Duplicate]:
    """Find all pairs of duplicate and near-duplicate images.

    n exact copies make n - 1 pairs, and each pair of near-copies is one. Exact copies with the same label are paired
    with the first of that label, and the first of each label with the first of all: a picture under two labels is one
    pair, however many copies there are.

    Args:
        edges: result of `find_edges`.
        labels: int [N], -1 without a label.
        rank: int [N], without ties: of two copies the one of lower rank stays.
    """
    for cluster in exact_clusters(edges):
        yield from _exact_pairs(labels, sorted(cluster, key=rank.__getitem__))
    near = edges.filter(pl.col("kind") == "near").unique(["first", "second"], maintain_order=True)
    for first, second, score in near.select("first", "second", "score").iter_rows():
        other, row = sorted((first, second), key=rank.__getitem__)
        yield Duplicate(row=row, other=other, kind="near", score=score)


def exact_clusters(edges: pl.DataFrame) -> list[list[int]]:
    """Return the rows of identical images as lists of two or more."""
    links = edges.filter(pl.col("kind") == "exact").select("first", "second").to_numpy().astype(np.int64)
    root = merge_groups(int(links.max(initial=-1)) + 1, links)
    clusters = defaultdict(list)
    for row in dict.fromkeys(links.ravel().tolist()):
        clusters[root[row]].append(row)
    return list(clusters.values())


def conflicted(catalog: "Catalog", edges: pl.DataFrame) -> NDArray[np.bool_]:
    """Find images that have a duplicate with a different class label.

    Their true label is unknown.

    Args:
        catalog: N pictures.
        edges: result of `find_edges`.

    Returns:
        bool [N], True for both pictures of exact or near pairs under two labels, and for all their exact copies.
    """
    label = np.asarray(catalog.label_index)
    picture = np.arange(len(label))
    clusters = exact_clusters(edges)
    for cluster in clusters:
        picture[cluster] = min(cluster)
    ends = edges.filter(pl.col("kind").is_in(["exact", "near"])).select("first", "second").to_numpy().reshape(-1, 2)
    between = (label[ends] >= 0).all(axis=1) & (label[ends[:, 0]] != label[ends[:, 1]])
    ambiguous = picture[ends[between]].ravel().tolist()
    ambiguous += [min(cluster) for cluster in clusters if len(set(label[cluster].tolist()) - {-1}) > 1]
    return np.isin(picture, ambiguous)


def _exact_pairs(labels: Ints, cluster: Iterable[int]) -> Iterator[Duplicate]:
    """Create pairs from a cluster of identical images, sorted by rank."""
    firsts: dict[int, int] = {}
    for row in cluster:
        label = int(labels[row])
        other = firsts.get(label, next(iter(firsts.values()), None))
        firsts.setdefault(label, row)
        if other is not None:
            yield Duplicate(row=row, other=other, kind="exact", score=1.0)
