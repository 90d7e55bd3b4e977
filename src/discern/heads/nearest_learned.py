"""Distances between pictures and the nearest ones that were learned."""

import numpy as np

from discern.bundle.heads import unit_rows

_BLOCK = 1024


def nearest_learned(rows: np.ndarray, learned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest learned picture of each picture by the cosine of their coordinates.

    Args:
        rows: float32 `[M, r]`.
        learned: float32 `[L, r]`, one row or more.

    Returns:
        Its position, int `[M]`, and its cosine distance, float32 `[M]`: 0 for an equal picture, about 1 for an
        unrelated one, 2 at most.
    """
    learned = unit_rows(learned)
    place, distance = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.float32)
    for start in range(0, len(rows), _BLOCK):
        cosine = unit_rows(rows[start : start + _BLOCK]) @ learned.T
        place[start : start + _BLOCK] = cosine.argmax(axis=1)
        distance[start : start + _BLOCK] = np.clip(1 - cosine.max(axis=1), 0, 2)
    return place, distance
