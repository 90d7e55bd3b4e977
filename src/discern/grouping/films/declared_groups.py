"""Function that keeps declared groups apart from each other when films are guessed from numbers."""

from collections.abc import Sequence

import numpy as np


def keep_apart(links: np.ndarray, similarity: np.ndarray, declared: Sequence[str | None]) -> np.ndarray:
    """Select the links that join no two declared groups, directly or through other pictures.

    The most similar pictures are joined first, so that an undeclared picture between two groups joins the nearer one.

    Args:
        links: linked rows, int [E, 2].
        similarity: similarity of each pair, float64 [E].
        declared: declared group of each row of the catalog, or None.

    Returns:
        The links that are kept, bool [E].
    """
    first_of: dict[str, int] = {}
    above = list(range(len(declared)))
    owner: list[str | None] = list(declared)
    for row, group in enumerate(declared):
        if group is not None:
            above[row] = first_of.setdefault(group, row)

    def root(row: int) -> int:
        while above[row] != row:
            above[row] = row = above[above[row]]
        return row

    kept = np.zeros(len(links), bool)
    for at in np.argsort(-similarity, kind="stable").tolist():
        low, high = sorted(map(root, links[at].tolist()))
        owners = {owner[low], owner[high]} - {None}
        if len(owners) < 2:
            above[high] = low
            owner[low] = next(iter(owners), None)
            kept[at] = True
    return kept
