"""Search for candidate clusters of pictures, among which new classes are sought."""

import numpy as np
from scipy.cluster import hierarchy

from discern.bundle.heads import unit_rows
from discern.watching.new_classes.class_spread import measure_spread

FEWEST = 8
"""Number of distinct pictures of a cluster, at least.

Chosen by `benchmarks/watching_classes.py`, where fewer of unrelated pictures look alike.
"""

# Chosen by `benchmarks/watching_classes.py`. Clusters are cut where they would spread more than a known class, and
# pictures much nearer than those of a class are near copies, which count once.
_CUT = 1.15
_NEAR_COPY = 0.1
_FEWEST_KNOWN = 30  # pictures that give a mean and a standard deviation; not tuned
_SMALLEST = 1e-9


def distinct_rows(embedding: np.ndarray, spread: float) -> np.ndarray:
    """Return the first row of each set of near copies, ascending int64 `[m]`; rows that are zero or not finite are out.

    Args:
        embedding: float `[n, D]`.
        spread: spread of the known classes, see `measure_spread`.
    """
    usable = np.flatnonzero(np.isfinite(embedding).all(axis=1) & embedding.any(axis=1))
    if len(usable) < 2:
        return usable
    tree = _link(unit_rows(np.asarray(embedding[usable], np.float32)))
    copies = hierarchy.fcluster(tree, _NEAR_COPY * spread, "distance")
    return np.sort(usable[np.unique(copies, return_index=True)[1]])


def find_candidates(
    embedding: np.ndarray, label: np.ndarray, is_known: np.ndarray, *, spread: float
) -> list[np.ndarray]:
    """Return all clusters by average linkage that spread no more than 1.15 known classes, nested ones included.

    Two trees are cut: of the embeddings, and of embeddings whose components have mean 0 and standard deviation 1 over
    the known pictures, where weak components count as well. There, pictures that are unlike the known ones in the same
    way are alike, so that the embeddings' own distances decide on the spread of all clusters.

    Args:
        embedding: float `[n, D]`, of distinct pictures.
        label: int `[n]`, predicted labels.
        is_known: bool `[n]`, whether the picture was not decided to be unknown.
        spread: spread of the known classes, see `measure_spread`.

    Returns:
        For each cluster, its rows in ascending order, int64 `[k]` with at least `FEWEST`.
    """
    if len(embedding) < FEWEST:
        return []
    unit = unit_rows(np.asarray(embedding, np.float32))
    found = _nodes(unit, spread)
    known = np.flatnonzero(is_known)
    if len(known) >= _FEWEST_KNOWN:
        standard = _standardise(np.asarray(embedding, np.float32), known)
        # Near copies are out already, so that no two of the pictures depend on each other.
        of_standard = measure_spread(standard[known], label[known], np.arange(len(known)))
        found |= _nodes(standard, of_standard) if np.isfinite(of_standard) else set()
    every = (np.array(rows) for rows in sorted(found))
    return [rows for rows in every if _mean_distance(unit[rows]) <= _CUT * spread]


def _standardise(embedding: np.ndarray, known: np.ndarray) -> np.ndarray:
    deviation = np.maximum(embedding[known].std(axis=0), _SMALLEST)
    return unit_rows((embedding - embedding[known].mean(axis=0)) / deviation)


def _mean_distance(unit: np.ndarray) -> float:
    """Return the mean cosine distance of all pairs."""
    count, total = len(unit), unit.sum(axis=0, dtype=np.float64)
    return float(1 - (total @ total - count) / (count * (count - 1)))


def _nodes(unit: np.ndarray, spread: float) -> set[tuple[int, ...]]:
    """Return the rows of each node of the tree up to the cut."""
    members: dict[int, list[int]] = {row: [row] for row in range(len(unit))}
    found = set()
    for step, (first, second, height, _) in enumerate(_link(unit)):
        rows = members[len(unit) + step] = members.pop(int(first)) + members.pop(int(second))
        if height > _CUT * spread:
            break
        if len(rows) >= FEWEST:
            found.add(tuple(sorted(rows)))
    return found


def _link(unit: np.ndarray) -> np.ndarray:
    similar = unit @ unit.T
    distances = np.concatenate([row[place + 1 :] for place, row in enumerate(similar)])
    return np.asarray(hierarchy.linkage(np.maximum(1 - distances, 0), "average"))
