"""Clusters of pictures that look alike, within each class and of whole groups."""

from dataclasses import dataclass

import numpy as np
from scipy.cluster import hierarchy

from discern.heads.random_subset import random_subset

# Not tuned: they bound the time, which is quadratic in the groups of a class that are joined, and the memory.
_MOST_JOINED = 1000
_BLOCK = 4096


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupMeans:
    """Means of the rows of each group, with the label of most of its pictures.

    Attributes:
        means: float32 `[G, r]`.
        label: int `[G]`.
        group: int `[N]`, from 0 to G - 1.
    """

    means: np.ndarray
    label: np.ndarray
    group: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, labels: np.ndarray, group: np.ndarray) -> "GroupMeans":
        """Compute the means of `rows`, float32 `[N, r]`, with `labels` from 0 and arbitrary `group` numbers."""
        _, first, place = np.unique(group, return_index=True, return_inverse=True)
        pairs, count = np.unique(np.stack([place, labels]), axis=1, return_counts=True)
        # The pair with the most pictures of each group comes last.
        order = np.lexsort((-pairs[1], count, pairs[0]))
        label = np.zeros(len(first), np.int64)
        label[pairs[0][order]] = pairs[1][order]
        return cls(means=_mean_rows(rows, place, len(first)), label=label, group=place)

    def changed(self, rows: np.ndarray) -> "GroupMeans":
        """Return the means of other rows of the same groups."""
        return GroupMeans(means=_mean_rows(rows, self.group, len(self.label)), label=self.label, group=self.group)

    def scaled(self, scale: np.ndarray) -> "GroupMeans":
        """Return the groups with their means divided by a scale for each coordinate, float32 `[r]`."""
        return GroupMeans(means=self.means / scale, label=self.label, group=self.group)


def _mean_rows(rows: np.ndarray, place: np.ndarray, groups: int) -> np.ndarray:
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(groups))
    sums = np.add.reduceat(rows[order], starts, axis=0)
    mean: np.ndarray = sums / np.bincount(place, minlength=groups)[:, None].astype(rows.dtype)
    return mean


class LookalikeTree:
    """Hierarchical clustering of the groups of each class by Ward's criterion (Ward 1963).

    Of a class with very many groups, a random sample is joined, and the others follow the nearest of them.

    Args:
        groups: the groups.
        seed: random seed of that sample.
    """

    def __init__(self, groups: GroupMeans, *, seed: int = 0) -> None:
        self._count, self._trees = len(groups.label), []
        for label in np.unique(groups.label):
            own = np.flatnonzero(groups.label == label)
            joined = random_subset(np.arange(len(own)), _MOST_JOINED, seed=seed)
            rows = groups.means[own]
            tree = hierarchy.linkage(rows[joined], "ward") if len(joined) > 1 else None
            follow = np.arange(len(own)) if len(joined) == len(own) else _nearest(rows, rows[joined])
            self._trees.append((own, tree, follow))

    def cut(self, most: int, *, smallest: int) -> np.ndarray:
        """Cut the tree of each class into clusters.

        Args:
            most: most clusters of a class.
            smallest: fewest groups of a cluster on average; a class with fewer has one.

        Returns:
            int `[G]`, the cluster of each group, from 0.
        """
        cluster, found = np.zeros(self._count, np.int64), 0
        for own, tree, follow in self._trees:
            wanted = max(1, min(most, len(own) // smallest))
            number = np.zeros(len(own), np.int64)
            if tree is not None and wanted > 1:
                number = hierarchy.fcluster(tree, wanted, "maxclust")[follow] - 1
            cluster[own] = number + found
            found += int(number.max()) + 1
        return cluster


def _nearest(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the position of the nearest of `others` for each row."""
    lengths = np.einsum("nr,nr->n", others, others) / 2
    blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    return np.concatenate([(block @ others.T - lengths).argmax(axis=1) for block in blocks])
