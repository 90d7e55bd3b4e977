"""Whole groups dealt to parts so that every class keeps its share in each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def assign_folds(labels: Ints, groups: Ints, shares: Sequence[float], *, seed: int) -> Ints:
    """The part of every row, such that no group is in two parts and classes keep their shares.

    Groups are dealt one by one, those of the rarest classes first and large ones before small ones, each to the part
    that still misses most of its classes (the greedy rule of scikit-learn's `StratifiedGroupKFold`, extended to unequal
    shares). A class with no more groups left than parts that lack it goes to one of those, so it stands in as many
    parts as it has groups.

    Args:
        labels: int [M], 0 or higher.
        groups: int [M], any numbers; M in an order that does not depend on how the rows were found.
        shares: of the pictures, one per part, 0 or higher; they are scaled to sum to 1. A part of share 0 stays empty.
        seed: decides between groups that are equally good.

    Returns:
        int [M], 0 to len(shares) - 1.
    """
    if not len(labels):
        return np.empty(0, np.int64)
    cells = _Cells.of(labels, groups)
    table = _Table(cells, np.asarray(shares, np.float64) / sum(shares))
    for group in cells.order(seed):
        table.place(int(group))
    return table.part[cells.group_of_row]


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """How many pictures of each class every group has, as a sparse table sorted by group."""

    group_of_row: Ints
    start: Ints  # [G + 1]: the cells of group g are start[g]:start[g + 1]
    klass: Ints
    count: Ints

    @classmethod
    def of(cls, labels: Ints, groups: Ints) -> "_Cells":
        _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
        by_appearance = np.argsort(np.argsort(first))[inverse]
        classes = int(labels.max()) + 1
        key, count = np.unique(by_appearance * classes + labels, return_counts=True)
        group, klass = np.divmod(key, classes)
        start = np.searchsorted(group, np.arange(len(first) + 1))
        return cls(group_of_row=by_appearance, start=start, klass=klass, count=count)

    def order(self, seed: int) -> Ints:
        """Groups [G] of rare classes first, then large ones, else by chance."""
        rarest = np.minimum.reduceat(np.bincount(self.klass)[self.klass], self.start[:-1])
        pictures = np.add.reduceat(self.count, self.start[:-1])
        chance = np.random.default_rng(seed).permutation(len(pictures))
        return np.lexsort((chance, -pictures, rarest))


class _Table:
    """What has been dealt so far, and what each part still misses."""

    def __init__(self, cells: _Cells, shares: Floats) -> None:
        self.cells = cells
        self.size = np.bincount(cells.klass, weights=cells.count)
        self.waiting = np.bincount(cells.klass)
        self.missing = shares[:, None] * self.size
        self.missing_at_all = shares * self.size.sum()
        self.lacks = np.repeat(shares[:, None] > 0, len(self.size), axis=1)
        self.open = shares > 0
        self.part = np.zeros(len(cells.start) - 1, np.int64)

    def place(self, group: int) -> None:
        """Deal one group."""
        cells = slice(self.cells.start[group], self.cells.start[group + 1])
        classes, count = self.cells.klass[cells], self.cells.count[cells]
        want = self.missing[:, classes] @ (count / self.size[classes])
        want[~self._allowed(classes)] = -np.inf
        part = int(np.where(want == want.max(), self.missing_at_all, -np.inf).argmax())
        self.part[group] = part
        self.missing[part, classes] -= count
        self.missing_at_all[part] -= count.sum()
        self.lacks[part, classes] = False
        self.waiting[classes] -= 1

    def _allowed(self, classes: Ints) -> Bools:
        allowed = self.open
        scarce = classes[self.waiting[classes] <= len(self.open)]
        for klass in scarce[np.argsort(self.waiting[scarce], kind="stable")]:
            lacking = self.lacks[:, klass]
            if self.waiting[klass] <= lacking.sum() and (allowed & lacking).any():
                allowed = allowed & lacking
        return allowed
