"""Decision tree that predicts class labels from a few features, grown best split first.

The tree is that of Breiman, Friedman, Olshen & Stone (1984) with the Gini impurity, as in scikit-learn. Importing that
takes longer than all trees of a data set.
"""

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_SMALLEST_STEP = 1e-7  # values closer than this are equal, but for rounding
_DECIMALS = 9  # to which equally good splits and classes agree


@dataclass(frozen=True, kw_only=True)
class TreeSize:
    """Limits to the size of a decision tree.

    Attributes:
        smallest_leaf: least number of training rows in a leaf.
        most_leaves: largest number of leaves.
    """

    smallest_leaf: int
    most_leaves: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Split:
    """Best split of a node, with its column, its threshold and its gain in purity."""

    column: int
    threshold: float
    gain: float


def predict_by_tree(
    values: NDArray[np.float64], labels: Ints, training: NDArray[np.bool_], *, size: TreeSize
) -> NDArray[np.int64]:
    """Predict the labels of some rows by a decision tree fitted on the others.

    All classes have the same weight in total. Of equally good splits the first column's counts, and the lowest one.

    Args:
        values: float64 `[N, F]`.
        labels: int `[N]` from 0; those of the other rows are not read.
        training: bool `[N]`, the rows to fit the tree on.
        size: limits to the size of the tree.

    Returns:
        int `[M]`, labels of the M other rows.
    """
    rows, others = np.flatnonzero(training), np.flatnonzero(~training)
    fitted = _FittingRows(values.astype(np.float32), labels, rows, size.smallest_leaf)
    predicted = np.zeros(len(labels), np.int64)
    frontier: list[tuple[float, int, _Split, Ints, Ints]] = []
    nodes, leaves = 0, 1

    def add(rows: Ints, others: Ints) -> None:
        nonlocal nodes
        nodes += 1
        predicted[others] = fitted.most_common(rows)
        split = fitted.best_split(rows)
        if split is not None:
            heappush(frontier, (-split.gain, nodes, split, rows, others))

    add(rows, others)
    while frontier and leaves < size.most_leaves:
        _, _, split, rows, others = heappop(frontier)
        leaves += 1
        for side in (True, False):
            add(*(each[(fitted.values[each, split.column] <= split.threshold) == side] for each in (rows, others)))
    return predicted[~training]


class _FittingRows:
    """Rows that a decision tree is fitted on, with the weights of their classes."""

    def __init__(self, values: NDArray[np.float32], labels: Ints, rows: Ints, smallest_leaf: int) -> None:
        count = np.bincount(labels[rows])
        self.values = values
        # Of 16 bits, so that numpy sorts them in linear time.
        self._labels: NDArray[np.integer] = labels.astype(np.int16 if len(count) < 2**15 else np.int64)
        self._weight = len(rows) / np.maximum(count, 1) / max((count > 0).sum(), 1)
        self._smallest_leaf = smallest_leaf

    def most_common(self, rows: Ints) -> int:
        """Return the class with the largest weight among some rows."""
        return int((self._count(rows) * self._weight).round(_DECIMALS).argmax())

    def best_split(self, rows: Ints) -> _Split | None:
        """Return the split of a node that leaves the purest halves, or None if there is no split."""
        least = self._smallest_leaf
        count = self._count(rows)
        if len(rows) < 2 * least or count.max() == len(rows):
            return None
        columns = np.arange(self.values.shape[1])
        order = self.values[rows].argsort(axis=0, kind="stable")
        ordered = self.values[rows][order, columns]
        purity = self._purity(self._labels[rows][order], count)
        cuts = slice(least - 1, len(rows) - least)
        distinct = ordered[1:] > ordered[:-1] + np.float32(_SMALLEST_STEP)
        allowed = np.where(distinct[cuts], purity[cuts], -np.inf)
        best = allowed.max(axis=0)
        column = int(best.argmax())
        if best[column] == -np.inf:
            return None
        below = least - 1 + int(allowed[:, column].argmax())
        threshold = float(ordered[below, column]) / 2 + float(ordered[below + 1, column]) / 2
        mass = count * self._weight
        return _Split(column=column, threshold=threshold, gain=float(best[column] - mass @ mass / mass.sum()))

    def _count(self, rows: Ints) -> Ints:
        return np.bincount(self._labels[rows], minlength=len(self._weight))

    def _purity(self, labels: NDArray[np.integer], count: Ints) -> NDArray[np.float64]:
        """Return the summed purity of the two halves of a node for each split.

        The purity of a half is the sum of the squared masses of its classes divided by its mass.

        Args:
            labels: int `[n, F]`, labels of the node's rows in the order of each column.
            count: int `[K]`, rows of each class.

        Returns:
            float64 `[n - 1, F]`, for the split behind each row but the last.
        """
        place = labels.argsort(axis=0, kind="stable")
        before = np.empty(labels.shape, np.int64)  # rows of the same class before each row
        inside = np.arange(len(labels)) - np.repeat(np.cumsum(count) - count, count)
        before[place, np.arange(labels.shape[1])] = inside[:, None]
        weight = self._weight[labels]
        # (b + 1)^2 - b^2 on the left, and what (c - b)^2 loses on the right
        left = np.cumsum(weight**2 * (2 * before + 1), axis=0)[:-1]
        right = np.cumsum((weight**2 * (2 * (count[labels] - before) - 1))[::-1], axis=0)[::-1][1:]
        mass = np.cumsum(weight, axis=0)
        return np.asarray((left / mass[:-1] + right / (mass[-1] - mass[:-1])).round(_DECIMALS))
