"""Random subsampling of rows where all of them would take too long."""

import numpy as np


def random_subset(rows: np.ndarray, most: int, *, seed: int) -> np.ndarray:
    """Return all rows, or `most` of them drawn without replacement, in ascending order.

    >>> random_subset(np.arange(9), 3, seed=0).tolist()
    [2, 5, 6]
    """
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
