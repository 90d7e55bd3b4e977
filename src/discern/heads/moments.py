"""Sums over pictures from which discriminants are made; sums of parts add up, and parts can be taken away again."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial, reduce
from operator import add, sub
from typing import Self

import numpy as np

from discern.heads.feature_space import BLOCK, FeatureSpace
from discern.parallel import parallel_map


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Weighted sums over some rows.

    Attributes:
        weight: float64 `[K]`, total weight of each class.
        total: float64 `[K, r]`, weighted sum of the rows of each class.
        second: float64 `[r, r]`, weighted sum of outer products of all rows.
    """

    weight: np.ndarray
    total: np.ndarray
    second: np.ndarray

    @classmethod
    def of(
        cls, space: FeatureSpace, positions: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int
    ) -> Self:
        """Sum over the rows at `positions`, a block at a time; `labels` and `weights` are of all rows."""
        moments = cls(
            weight=np.zeros(classes),
            total=np.zeros((classes, space.width)),
            second=np.zeros((space.width, space.width)),
        )
        for start in range(0, len(positions), BLOCK):
            some = positions[start : start + BLOCK]
            moments._add(space.rows(some), labels[some], weights[some])
        return moments

    def _add(self, rows: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> None:
        weighted = rows * weights[:, None].astype(rows.dtype)
        self.weight[...] += np.bincount(labels, weights, len(self.weight))
        order = np.argsort(labels, kind="stable")
        present, starts = np.unique(labels[order], return_index=True)
        self.total[present] += np.add.reduceat(weighted[order], starts, axis=0)
        self.second[...] += rows.T @ weighted

    def __add__(self, other: Self) -> Self:
        return type(self)(
            weight=self.weight + other.weight, total=self.total + other.total, second=self.second + other.second
        )

    def __sub__(self, other: Self) -> Self:
        return type(self)(
            weight=self.weight - other.weight, total=self.total - other.total, second=self.second - other.second
        )


class FoldMoments:
    """The sums of each fold, computed once, so that any training part costs only additions.

    Args:
        space: the rows.
        labels: int `[N]`, class of each row.
        weights: float64 `[N]`.
        fold: int `[N]`.
        classes: K.
        apart: the folds that are ever left out; all other rows share one sum.
    """

    def __init__(
        self,
        space: FeatureSpace,
        labels: np.ndarray,
        weights: np.ndarray,
        fold: np.ndarray,
        *,
        classes: int,
        apart: Iterable[int],
    ) -> None:
        self._space, self._labels, self._weights, self._classes = space, labels, weights, classes
        self._parts = {number: self._of(np.flatnonzero(fold == number)) for number in apart}
        self._rest = self._of(np.flatnonzero(~np.isin(fold, list(self._parts))))
        self._second = sum((part.second for part in self._parts.values()), self._rest.second)

    def without(self, folds: Iterable[int], rows: np.ndarray) -> Moments:
        """Sums over all rows but those of some folds, and but `rows` (positions outside these folds).

        What depends on labels is added up from the other folds, so that those left out do not even leave a rounding
        error behind; the large products are taken from their total, which is quicker.
        """
        folds = set(folds)
        kept = [self._rest, *(part for number, part in self._parts.items() if number not in folds)]
        second = reduce(sub, (self._parts[number].second for number in sorted(folds)), self._second)
        moments = Moments(
            weight=np.sum([part.weight for part in kept], axis=0),
            total=np.sum([part.total for part in kept], axis=0),
            second=second,
        )
        return moments - self._of(rows) if len(rows) else moments

    def _of(self, positions: np.ndarray) -> Moments:
        blocks = -(-len(positions) // BLOCK)
        jobs = [
            partial(Moments.of, self._space, share, self._labels, self._weights, self._classes)
            for share in np.array_split(positions, max(1, min(blocks, os.cpu_count() or 1)))
        ]
        return jobs[0]() if len(jobs) == 1 else reduce(add, parallel_map(jobs))
