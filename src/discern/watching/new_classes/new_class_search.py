"""Search for new classes: clusters of pictures that look alike and like none of the known classes."""

import math
from collections.abc import Sequence

import numpy as np

from discern.bundle.heads import unit_rows
from discern.bundle.reference_pictures import ReferencePictures
from discern.watching.drift.dependent_exchanges import independent_groups
from discern.watching.drift.drift_signals import label_index
from discern.watching.looks.look import Cluster
from discern.watching.new_classes.candidate_clusters import distinct_rows, find_candidates
from discern.watching.new_classes.novelty import NoveltyTest, TrafficPictures
from discern.watching.stores.exchange_store import ExchangeColumns, ExchangeStore

NEWEST = 2_000
"""Number of the newest exchanges among which new classes are sought; not tuned, it bounds the time and the memory."""

# Largest product of the number of candidates and of what `NoveltyTest` returns. Chosen by
# `benchmarks/watching_classes.py`, where it gives at most .2 clusters of known pictures in 1,000 exchanges.
_LEVEL = 1e-3


def find_new_classes(
    store: ExchangeStore,
    *,
    bundle: str,
    reference: ReferencePictures,
    labels: Sequence[str],
    since: float | None = None,
) -> tuple[Cluster, ...]:
    """Find clusters among the newest pictures of a store that are like none of the model's classes, the largest first.

    Args:
        store: the store.
        bundle: fingerprint of the model.
        reference: reference of the model; without a finite spread, there are no clusters.
        labels: the model's labels.
        since: only exchanges answered at this time or later, seconds since 1970 UTC.
    """
    if not math.isfinite(reference.spread):
        return ()
    newest = store.columns(bundle=bundle, since=since, limit=NEWEST, newest=True, embeddings=True)
    return cluster_new(newest, reference, labels)


def cluster_new(columns: ExchangeColumns, reference: ReferencePictures, labels: Sequence[str]) -> tuple[Cluster, ...]:
    """Find clusters of pictures that look alike and like none of the classes.

    All pictures are clustered, not only those that were decided to be unknown, as a model takes many pictures of a new
    class for a known one. Identical pictures, near copies and bursts of a client's similar pictures count once. Of the
    candidates that pass the novelty test, the one with the most evidence is kept first, and then those that share no
    picture with it.

    Args:
        columns: exchanges with embeddings; without them, there are no clusters.
        reference: reference of the model, with a finite spread.
        labels: the model's labels.

    Returns:
        The clusters, the largest first.
    """
    if columns.embedding is None:
        return ()
    group = independent_groups(columns, spread=reference.spread)
    rows = np.sort(np.unique(group, return_index=True)[1])
    rows = rows[distinct_rows(columns.embedding[rows], reference.spread)]
    embedding = np.asarray(columns.embedding[rows], np.float32)
    label = label_index(columns.label[rows], labels)
    is_known = np.asarray(columns.decision[rows] != "unknown", bool)
    candidates = find_candidates(embedding, label, is_known, spread=reference.spread)
    if not candidates:
        return ()
    pictures = TrafficPictures(embedding=embedding, label=label, unknown_score=columns.unknown_score[rows])
    kept = sorted(_choose(candidates, NoveltyTest(pictures, reference)), key=len, reverse=True)
    return tuple(_name(columns.id[rows[_by_likeness(each, embedding)]].tolist()) for each in kept)


def _choose(candidates: list[np.ndarray], novelty: NoveltyTest) -> list[np.ndarray]:
    """Return the candidates that pass the test, of overlapping ones that with the most evidence."""
    found = [(len(candidates) * novelty.test(rows), number) for number, rows in enumerate(candidates)]
    chosen: list[np.ndarray] = []
    taken: set[int] = set()
    for level, number in sorted(found):
        rows = candidates[number]
        if level < _LEVEL and taken.isdisjoint(rows.tolist()):
            chosen.append(rows)
            taken.update(rows.tolist())
    return chosen


def _by_likeness(rows: np.ndarray, embedding: np.ndarray) -> np.ndarray:
    """Order the members of a cluster by similarity to their mean."""
    unit = unit_rows(embedding[rows])
    return np.asarray(rows[np.argsort(-(unit @ unit.mean(axis=0)), kind="stable")])


def _name(ids: list[str]) -> Cluster:
    return Cluster(
        ids=tuple(map(str, ids)), message=f"{len(ids)} pictures look alike and like none of your classes: a new class?"
    )
