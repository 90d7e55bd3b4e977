"""Sparse matrix of picture counts by group and class."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class GroupCounts:
    """Sparse matrix of picture counts by group and class, sorted by group.

    Args:
        group_of_row: int [M]: number of the group of each picture, in order of appearance.
        start: int [G + 1]: the entries of group g are start[g]:start[g + 1].
        klass: int [E]: class of each entry.
        count: int [E]: number of pictures of each entry.
    """

    group_of_row: Ints
    start: Ints
    klass: Ints
    count: Ints

    @classmethod
    def of(cls, labels: Ints, groups: Ints) -> Self:
        """Count the pictures of each group and class.

        Args:
            labels: int [M], 0 or higher.
            groups: int [M], arbitrary numbers.
        """
        _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
        by_appearance = np.argsort(np.argsort(first))[inverse]
        classes = int(labels.max()) + 1
        key, count = np.unique(by_appearance * classes + labels, return_counts=True)
        group, klass = np.divmod(key, classes)
        start = np.searchsorted(group, np.arange(len(first) + 1))
        return cls(group_of_row=by_appearance, start=start, klass=klass, count=count)

    @property
    def groups(self) -> int:
        """Return the number of groups."""
        return len(self.start) - 1

    def by_class(self) -> list[tuple[Ints, Ints]]:
        """Return the groups of each class and their pictures in it, for the class with the fewest groups first."""
        group = np.repeat(np.arange(self.groups), np.diff(self.start))
        order = np.argsort(self.klass, kind="stable")
        borders = np.flatnonzero(np.diff(self.klass[order])) + 1
        entries = sorted(np.split(order, borders), key=len)
        return [(group[each], self.count[each]) for each in entries]
