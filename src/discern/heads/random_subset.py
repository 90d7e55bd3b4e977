"""Random selection of a limited number of rows."""

import numpy as np


def random_subset(rows: np.ndarray, most: int, *, seed: int) -> np.ndarray:
    """Draw a limited number of rows without replacement, in their original order.

    >>> rows = random_subset(np.arange(9), 3, seed=0)
    >>> len(rows), rows.tolist() == sorted(rows)
    (3, True)
    """
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
