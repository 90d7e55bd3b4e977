"""Weighted means of unit-length feature blocks over training sets that lack some folds."""

from collections.abc import Iterable, Sequence

import numpy as np

from discern.bundle.heads import Span, unit_blocks
from discern.heads.feature_space import Features, iter_blocks


class FoldMeans:
    """Cache of the weighted sums of unit-length feature blocks for each cross-validation fold.

    The mean over a training set adds up the sums of its folds alone, so that a held-out picture leaves no trace in it.

    Args:
        features: `[N, D]`.
        spans: start and end of each block.
        weights: float64 `[N]`, sample weights.
        fold: int `[N]`.
        held_out: the folds that are ever held out; all other rows share one sum.
    """

    def __init__(
        self,
        features: Features,
        spans: Sequence[Span],
        weights: np.ndarray,
        fold: np.ndarray,
        *,
        held_out: Iterable[int],
    ) -> None:
        self._features, self._spans, self._weights = features, spans, weights
        self._by_fold = {number: self._sum(np.flatnonzero(fold == number)) for number in held_out}
        self._rest = self._sum(np.flatnonzero(~np.isin(fold, list(self._by_fold))))

    def without(self, folds: Iterable[int], rows: np.ndarray) -> np.ndarray:
        """Compute the weighted mean, float32 `[D]`, of all rows except the given folds and positions."""
        folds = set(folds)
        total = sum((part for number, part in self._by_fold.items() if number not in folds), self._rest)
        total = total - self._sum(rows)
        return np.asarray(total[:-1] / max(total[-1], np.finfo(np.float32).tiny), np.float32)

    def _sum(self, positions: np.ndarray) -> np.ndarray:
        """Return the weighted sums of the columns, followed by the sum of the weights."""
        total = np.zeros(self._features.shape[1] + 1)
        for rows, block in iter_blocks(self._features, positions):
            weights = self._weights[rows]
            total[:-1] += weights.astype(np.float32) @ unit_blocks(block, self._spans)
            total[-1] += weights.sum()
        return total
