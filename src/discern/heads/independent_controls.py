"""Controls of a data set: the same classes and subclasses, but pictures that do not depend on each other."""

import numpy as np

from discern.heads.lookalike_clusters import GroupMeans


def draw_control(
    rows: np.ndarray, groups: GroupMeans, subclass: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Replace the group means of each subclass with draws from a normal distribution of the same mean and covariance.

    The look of classes and subclasses stays, and so do labels, groups and the differences within a group. Lost is that
    some groups of a subclass are closer to each other than its spread explains, as pictures of one source are. This is
    the random rotation of residuals of Langsrud (2005), with normal instead of orthogonal weights.

    Args:
        rows: float32 `[N, r]`.
        groups: their groups, G in all.
        subclass: int `[G]`, the subclass of each group, from 0; a subclass has groups of one class.
        generator: source of random numbers.

    Returns:
        float32 `[N, r]`.
    """
    shift = np.zeros_like(groups.means)
    for number in range(int(subclass.max()) + 1):
        own = np.flatnonzero(subclass == number)
        if len(own) > 1:
            means = groups.means[own]
            centre = means.mean(axis=0)
            shift[own] = centre + _normal_rows(means - centre, generator) - means
    moved: np.ndarray = rows + shift[groups.group]
    return moved


def _normal_rows(residuals: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw as many normal rows as given ones, with the same covariance."""
    count, width = residuals.shape
    if count > width:  # a triangular factor has the same covariance as the rows, and fewer of them
        residuals = np.asarray(np.linalg.qr(residuals, mode="r"))
    weights = generator.standard_normal((count, len(residuals)), np.float32)
    drawn: np.ndarray = weights @ residuals.astype(np.float32) / np.float32(np.sqrt(count - 1))
    return drawn
