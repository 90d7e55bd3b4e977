"""Random sampling of rows to limit computation time."""

import numpy as np


def random_subset(rows: np.ndarray, most: int, *, seed: int) -> np.ndarray:
    """Return all rows, or a random subset in their original order.

    At most `most` rows are drawn, without replacement.

    >>> rows = random_subset(np.arange(9), 3, seed=0)
    >>> len(rows), rows.tolist() == sorted(rows)
    (3, True)
    """
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
