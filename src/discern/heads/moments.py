"""Sufficient statistics for fitting linear discriminant analysis.

The sums of several folds can be added to and subtracted from each other.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial, reduce
from operator import add
from typing import Self

import numpy as np

from discern.heads.feature_space import BLOCK, FeatureSpace
from discern.parallel import parallel_map


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Weighted first and second moments of feature rows.

    Attributes:
        weight: float64 `[K]`, total weight of each class.
        total: float64 `[K, r]`, weighted sum of the rows of each class.
        second: float64 `[r, r]`, weighted sum of the outer products of all rows.
    """

    weight: np.ndarray
    total: np.ndarray
    second: np.ndarray

    @classmethod
    def from_rows(
        cls, space: FeatureSpace, positions: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int
    ) -> Self:
        """Compute the moments of the given feature rows in batches.

        `labels` and `weights` are those of all rows.
        """
        blocks = [positions[start : start + BLOCK] for start in range(0, len(positions), BLOCK)] or [positions]
        parts = (cls._of(space.rows(block), labels[block], weights[block], classes) for block in blocks)
        return reduce(add, parts)

    @classmethod
    def _of(cls, rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int) -> Self:
        # The product of a matrix with itself takes half the time of one with another.
        root = rows * np.sqrt(weights)[:, None].astype(rows.dtype)
        return cls(
            weight=np.bincount(labels, weights, classes),
            total=sum_by_class(rows, labels, weights, classes),
            second=np.asarray(root.T @ root, np.float64),
        )

    def __add__(self, other: Self) -> Self:
        return type(self)(
            weight=self.weight + other.weight, total=self.total + other.total, second=self.second + other.second
        )


def sum_by_class(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int) -> np.ndarray:
    """Compute the weighted sum of the rows of each class, float64 `[K, r]`."""
    total = np.zeros((classes, rows.shape[1]))
    if len(rows):
        order = np.argsort(labels, kind="stable")
        present, starts = np.unique(labels[order], return_index=True)
        weighted = rows[order] * weights[order, None].astype(rows.dtype)
        total[present] = np.add.reduceat(weighted, starts, axis=0)
    return total


class FoldMoments:
    """Cache of feature moments for each cross-validation fold.

    The moments of any training set then cost additions only.

    Args:
        space: the rows.
        labels: int `[N]`.
        weights: float64 `[N]`, sample weights.
        fold: int `[N]`.
        classes: K.
        held_out: the folds that are ever held out; all other rows share one sum.
    """

    def __init__(
        self,
        space: FeatureSpace,
        labels: np.ndarray,
        weights: np.ndarray,
        fold: np.ndarray,
        *,
        classes: int,
        held_out: Iterable[int],
    ) -> None:
        self._space, self._labels, self._weights, self._classes = space, labels, weights, classes
        numbers = list(held_out)
        parts = [np.flatnonzero(fold == number) for number in numbers]
        rest = np.flatnonzero(~np.isin(fold, numbers))
        if len(rest) or not numbers:
            parts.append(rest)
        sums = list(parallel_map([partial(self._sum, part) for part in parts]))
        self._by_fold, self._rest = dict(zip(numbers, sums, strict=False)), sums[len(numbers) :]
        self._second = sums[0].second.copy()
        for moments in sums[1:]:
            self._second += moments.second

    def without(self, folds: Iterable[int], rows: np.ndarray) -> Moments:
        """Compute the moments of all rows except the given folds and positions.

        Sums that depend on labels are added up over the remaining folds, so that held-out labels leave not even a
        rounding error. The second moments are subtracted from their total, which is faster.
        """
        folds = set(folds)
        kept = [*self._rest, *(moments for number, moments in self._by_fold.items() if number not in folds)]
        extra = [self._sum(rows)] if len(rows) else []
        second = self._second.copy()
        for moments in (*(self._by_fold[number] for number in sorted(folds)), *extra):
            second -= moments.second  # in place: these matrices may take more than fifty megabytes each
        return Moments(
            weight=sum((part.weight for part in kept), np.zeros(self._classes)) - sum(part.weight for part in extra),
            total=sum((part.total for part in kept), np.zeros((self._classes, self._space.width)))
            - sum(part.total for part in extra),
            second=second,
        )

    def _sum(self, positions: np.ndarray) -> Moments:
        blocks = -(-len(positions) // BLOCK)
        jobs = [
            partial(Moments.from_rows, self._space, share, self._labels, self._weights, self._classes)
            for share in np.array_split(positions, max(1, min(blocks, os.cpu_count() or 1)))
        ]
        return jobs[0]() if len(jobs) == 1 else reduce(add, parallel_map(jobs))
