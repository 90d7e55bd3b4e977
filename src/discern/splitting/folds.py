"""Functions that assign groups of images to stratified folds of given sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def assign_folds(labels: Ints, groups: Ints, shares: Sequence[float], *, seed: int) -> Ints:
    """Assign groups of images to stratified parts of given sizes.

    Groups are assigned one by one, those of the rarest classes first and large before small ones, each to the part with
    the largest deficit of its classes (the greedy rule of scikit-learn's `StratifiedGroupKFold`, extended to unequal
    shares). When a class has no more groups left than parts that lack it, its group goes to one of those; a class is
    thus in as many parts as it has groups.

    Args:
        labels: int [M], 0 or higher.
        groups: int [M], arbitrary numbers. The order of the rows breaks ties and should be reproducible.
        shares: share of each part, 0 or higher; scaled to sum to 1. A part with share 0 stays empty.
        seed: random seed for ties between groups.

    Returns:
        int [M], from 0 to len(shares) - 1; no group is in two parts.
    """
    if not len(labels):
        return np.empty(0, np.int64)
    counts = _GroupCounts.of(labels, groups)
    assignment = _Assignment(counts, np.asarray(shares, np.float64) / sum(shares))
    for group in counts.order(seed):
        assignment.assign(int(group))
    return assignment.part[counts.group_of_row]


@dataclass(frozen=True, kw_only=True)
class _GroupCounts:
    """Sparse matrix of image counts per group and class, sorted by group."""

    group_of_row: Ints
    start: Ints  # [G + 1]: the entries of group g are start[g]:start[g + 1]
    klass: Ints
    count: Ints

    @classmethod
    def of(cls, labels: Ints, groups: Ints) -> "_GroupCounts":
        _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
        by_appearance = np.argsort(np.argsort(first))[inverse]
        classes = int(labels.max()) + 1
        key, count = np.unique(by_appearance * classes + labels, return_counts=True)
        group, klass = np.divmod(key, classes)
        start = np.searchsorted(group, np.arange(len(first) + 1))
        return cls(group_of_row=by_appearance, start=start, klass=klass, count=count)

    def order(self, seed: int) -> Ints:
        """Return the order of assignment, with rare classes first and then large groups."""
        rarest = np.minimum.reduceat(np.bincount(self.klass)[self.klass], self.start[:-1])
        pictures = np.add.reduceat(self.count, self.start[:-1])
        chance = np.random.default_rng(seed).permutation(len(pictures))
        return np.lexsort((chance, -pictures, rarest))


class _Assignment:
    """Current assignment of groups to split parts, with the deficit of each part."""

    def __init__(self, counts: _GroupCounts, shares: Floats) -> None:
        self.counts = counts
        self.size = np.bincount(counts.klass, weights=counts.count)
        self.remaining = np.bincount(counts.klass)
        self.deficit = shares[:, None] * self.size
        self.total_deficit = shares * self.size.sum()
        self.lacks = np.repeat(shares[:, None] > 0, len(self.size), axis=1)
        self.open = shares > 0
        self.part = np.zeros(len(counts.start) - 1, np.int64)

    def assign(self, group: int) -> None:
        """Assign one group to the split part with the largest deficit of its classes."""
        entries = slice(self.counts.start[group], self.counts.start[group + 1])
        classes, count = self.counts.klass[entries], self.counts.count[entries]
        need = self.deficit[:, classes] @ (count / self.size[classes])
        need[~self._allowed(classes)] = -np.inf
        part = int(np.where(need == need.max(), self.total_deficit, -np.inf).argmax())
        self.part[group] = part
        self.deficit[part, classes] -= count
        self.total_deficit[part] -= count.sum()
        self.lacks[part, classes] = False
        self.remaining[classes] -= 1

    def _allowed(self, classes: Ints) -> Bools:
        allowed = self.open
        scarce = classes[self.remaining[classes] <= len(self.open)]
        for klass in scarce[np.argsort(self.remaining[scarce], kind="stable")]:
            lacking = self.lacks[:, klass]
            if self.remaining[klass] <= lacking.sum() and (allowed & lacking).any():
                allowed = allowed & lacking
        return allowed
