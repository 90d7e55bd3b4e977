"""Spread of the known classes: how much two pictures of one class differ."""

import numpy as np

from discern.bundle.heads import unit_rows

# Pictures of a class of which all pairs are measured; not tuned, it bounds the time.
_MOST = 300


def measure_spread(embeddings: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> float:
    """Compute the median cosine distance of embeddings to others of their class, but of other groups.

    Args:
        embeddings: float `[n, D]`, the model's output `embedding` of known pictures.
        labels: int or str `[n]`, their classes.
        groups: int `[n]`, groups of pictures that are not independent, such as near copies.

    Returns:
        The median in [0, 2] over at most 300 pictures of each class, evenly spaced in their order; NaN without two
        groups of a class.
    """
    distances = [np.zeros(0)]
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST)).astype(int)]
        unit = unit_rows(np.asarray(embeddings[rows], np.float32))
        first, second = np.triu_indices(len(rows), 1)
        independent = groups[rows[first]] != groups[rows[second]]
        distances.append((1 - unit @ unit.T)[first, second][independent])
    every = np.concatenate(distances)
    return max(float(np.median(every)), 0.0) if len(every) else float("nan")
