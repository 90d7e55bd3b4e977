"""Clusters of unknown pictures that look alike, of which each may be a new class."""

import math

import numpy as np
from scipy.cluster import hierarchy

from discern.bundle.heads import unit_rows
from discern.watching.looks.look import Cluster
from discern.watching.stores.exchange_store import ExchangeColumns, ExchangeStore

# Chosen by `benchmarks/watching_classes.py`. Clusters are cut where they would spread more than a known class, and
# pictures much nearer than those of a class are near copies, which count once.
_CUT = 1.15
_NEAR_COPY = 0.1
# Of known pictures, a few in a hundred are taken for unknown, and look alike as well: the longer the traffic, the more
# pictures a cluster needs. Chosen by `benchmarks/watching_classes.py`.
_FEWEST = 4
_MORE_BY_EXCHANGE = 0.01

MOST_UNKNOWN = 2_000
"""Number of the newest unknown pictures that are clustered; not tuned, it bounds the time and the memory."""

WINDOW = 10_000
"""Number of the newest exchanges among which unknown pictures are sought; not tuned."""


def find_new_classes(
    store: ExchangeStore, *, bundle: str, spread: float, since: float | None = None
) -> tuple[Cluster, ...]:
    """Find clusters among the newest unknown pictures of a store, the largest first.

    Args:
        store: the store.
        bundle: fingerprint of the model.
        spread: spread of its known classes, see `measure_spread`.
        since: only exchanges answered at this time or later, seconds since 1970 UTC.
    """
    newest = store.columns(bundle=bundle, since=since, limit=WINDOW, newest=True)
    unknown = [str(each) for each in newest.id[newest.decision == "unknown"][-MOST_UNKNOWN:]]
    if len(unknown) < _FEWEST:
        return ()
    return cluster_unknowns(store.columns_of(unknown, embeddings=True), spread=spread, exchanges=len(newest))


def cluster_unknowns(unknown: ExchangeColumns, *, spread: float, exchanges: int) -> tuple[Cluster, ...]:
    """Cluster unknown pictures by average linkage on the cosine distances of their embeddings.

    Identical pictures and near copies count once. A cluster has at least as many distinct pictures as
    `fewest_pictures` says.

    Args:
        unknown: exchanges that were decided to be unknown, with embeddings; without them, there are no clusters.
        spread: median cosine distance within known classes; NaN if unknown, then there are no clusters.
        exchanges: number of all exchanges among which these are.

    Returns:
        The clusters, the largest first.
    """
    if unknown.embedding is None or not math.isfinite(spread):
        return ()
    rows = _distinct_rows(unknown, unknown.embedding)
    fewest = fewest_pictures(exchanges)
    if len(rows) < fewest:
        return ()
    unit = unit_rows(np.asarray(unknown.embedding[rows], np.float32))
    tree = hierarchy.linkage(_distances(unit), "average")
    cluster = hierarchy.fcluster(tree, _CUT * spread, "distance")
    copies = hierarchy.fcluster(tree, _NEAR_COPY * spread, "distance")
    found = [_typical_rows(np.flatnonzero(cluster == each), unit, copies) for each in np.unique(cluster)]
    kept = sorted((each for each in found if len(each) >= fewest), key=len, reverse=True)
    return tuple(_name(tuple(str(each) for each in unknown.id[rows[places]])) for places in kept)


def fewest_pictures(exchanges: int) -> int:
    """Compute the number of distinct pictures that a cluster needs among so many exchanges."""
    return math.ceil(_FEWEST + _MORE_BY_EXCHANGE * exchanges)


def _distinct_rows(columns: ExchangeColumns, embedding: np.ndarray) -> np.ndarray:
    pictures = zip(columns.pixels, columns.content, columns.id, strict=True)
    keys = [pixels or content or identifier for pixels, content, identifier in pictures]
    rows = np.sort(np.unique(np.array(keys, str), return_index=True)[1])
    return np.asarray(rows[np.isfinite(embedding[rows]).all(axis=1)])


def _distances(unit: np.ndarray) -> np.ndarray:
    """Compute the cosine distances of all pairs in the order that SciPy expects, float32 `[n (n - 1) / 2]`."""
    similar = unit @ unit.T
    return np.asarray(np.maximum(1 - np.concatenate([row[place + 1 :] for place, row in enumerate(similar)]), 0))


def _typical_rows(rows: np.ndarray, unit: np.ndarray, copies: np.ndarray) -> np.ndarray:
    """Order the members of a cluster by similarity to their mean, and keep the first of near copies."""
    similarity = unit[rows] @ unit[rows].mean(axis=0)
    ordered = rows[np.argsort(-similarity, kind="stable")]
    return ordered[np.sort(np.unique(copies[ordered], return_index=True)[1])]


def _name(ids: tuple[str, ...]) -> Cluster:
    return Cluster(ids=ids, message=f"{len(ids)} pictures look alike and like none of your classes: a new class?")
