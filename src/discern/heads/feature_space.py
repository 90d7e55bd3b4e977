"""Scaled unit-length feature blocks with optional rotation to principal axes."""

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Self

import numpy as np
from scipy import linalg

from discern.bundle.heads import SMALLEST_LENGTH, Span, unit_blocks
from discern.heads.random_subset import random_subset
from discern.parallel import single_threaded_blas
from discern.store import Rows

Features = Rows | np.ndarray
BLOCK = 4096
MAX_ROTATED_ROWS = 2048
_NEGLIGIBLE = 1e-9
_SAMPLE, _NEGLIGIBLE_IN_SAMPLE = 2000, 1e-6
# Two passes of the power iteration detect the unknown as well as four do (benchmarks/unknown_auroc.py), in less time.
_PASSES = 2


def select_rows(features: Features, positions: np.ndarray) -> Features:
    """Select feature rows by position without reading them from disk."""
    return features.select(positions) if isinstance(features, Rows) else features[positions]


def iter_blocks(features: Features, positions: np.ndarray | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield feature rows in batches of limited size.

    Yields:
        Positions `[n]` and features float32 `[n, D]`.
    """
    positions = np.arange(len(features)) if positions is None else positions
    for start in range(0, len(positions), BLOCK):
        block = positions[start : start + BLOCK]
        yield block, np.asarray(features[block], np.float32)


def column_scales(spans: Sequence[Span], scales: Sequence[float]) -> np.ndarray:
    """Expand one scale per feature block to one per column."""
    pairs = zip(spans, scales, strict=True)
    return np.concatenate([np.full(end - start, scale, np.float32) for (start, end), scale in pairs])


class FeatureSpace:
    """Coordinate system in which classifier heads are fitted, with scaled unit-length feature blocks.

    Few rows are rotated to their principal axes: N rows span at most N dimensions. The rotation is orthogonal, so every
    fit here whose penalty is isotropic gives exactly the same head, at less cost. Unlike PCA, the rows are not centred.

    Args:
        features: `[N, D]`.
        spans: start and end of each block, from column 0 on; columns after the last are not used.
        scales: one scale per block.
        basis: float32 `[D, r]`, orthonormal columns to project on; None: the principal axes of at most
            `MAX_ROTATED_ROWS` rows, and the columns themselves for more.
        centre: float32 `[D]`, subtracted from the unit-length blocks after the first, see `unit_blocks`; or None.
    """

    def __init__(
        self,
        features: Features,
        spans: Sequence[Span],
        scales: Sequence[float],
        *,
        basis: np.ndarray | None = None,
        centre: np.ndarray | None = None,
    ) -> None:
        self._features, self._spans, self.centre = features, tuple(spans), centre
        self.scale = column_scales(spans, scales)
        self.dimensions = len(self.scale)
        self._rotated: np.ndarray | None = None
        self._basis = basis
        self._projections: _BlockProjections | None = None
        if basis is None and len(features) <= MAX_ROTATED_ROWS:
            self._rotate()

    @classmethod
    def of_rank(
        cls, features: Features, spans: Sequence[Span], scales: Sequence[float], *, rank: int, seed: int
    ) -> Self:
        """Create a feature space from the first principal axes of a random sample of rows."""
        rows = random_subset(np.arange(len(features)), _SAMPLE, seed=seed)
        sample = unit_blocks(np.asarray(features[rows], np.float32)[:, : spans[-1][1]], spans)
        sample = sample * column_scales(spans, scales)
        # On products this small, BLAS threads cost more than they gain.
        with single_threaded_blas():
            values, vectors = top_directions(sample @ sample.T, min(rank, len(sample)))
            kept = values > _NEGLIGIBLE_IN_SAMPLE * values[0]
            basis = sample.T @ (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
        return cls(features, spans, scales, basis=basis)

    def recentred(self, centre: np.ndarray) -> Self:
        """Create a space with the same axes, for rows from which another constant is subtracted.

        The axes are principal ones of these rows only approximately. If there are fewer of them than dimensions, a
        small part of each row is lost by the projection on them.
        """
        space = copy(self)
        space.centre, space._projections = centre, None
        if self._projections is not None:
            assert self.centre is not None
            space._rotated = self._projections.shifted(centre - self.centre)
        return space

    @property
    def width(self) -> int:
        """Return the number of coordinates per row."""
        inner = self._basis if self._rotated is None else self._rotated
        return self.dimensions if inner is None else int(inner.shape[1])

    @property
    def is_rotated(self) -> bool:
        """Return True if the coordinates are along the principal axes of all rows, at least approximately."""
        return self._rotated is not None

    def rows(self, positions: np.ndarray) -> np.ndarray:
        """Return the coordinates of the given feature rows."""
        if self._rotated is not None:
            rows: np.ndarray = self._rotated[positions]
            return rows
        scaled = self._scaled(np.asarray(self._features[positions], np.float32))
        return scaled if self._basis is None else scaled @ self._basis

    def block_weights(self, weights: np.ndarray) -> np.ndarray:
        """Convert weights on coordinates to weights on unit-length feature blocks."""
        transformed: np.ndarray = self.scale[:, None] * self.inverse_transform(weights)
        return transformed

    def inverse_transform(self, vectors: np.ndarray) -> np.ndarray:
        """Map vectors from coordinates back to scaled feature blocks."""
        if self._basis is None:
            return vectors
        transformed: np.ndarray = self._basis @ vectors.astype(np.float32)
        return transformed

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        rows: np.ndarray = unit_blocks(features[:, : self.dimensions], self._spans, self.centre) * self.scale
        return rows

    def _rotate(self) -> None:
        """Compute principal axes from the smaller of the Gram and second-moment matrices."""
        features = np.asarray(self._features[np.arange(len(self._features))], np.float32)
        rows = self._scaled(features).astype(np.float64)
        use_gram = len(rows) <= self.dimensions
        values, vectors = np.linalg.eigh(rows @ rows.T if use_gram else rows.T @ rows)
        kept = np.flatnonzero(values > _NEGLIGIBLE * max(values[-1], np.finfo(np.float64).tiny))[::-1]
        vectors, lengths = vectors[:, kept], np.sqrt(values[kept])
        self._rotated = vectors * lengths if use_gram else rows @ vectors
        self._basis = (rows.T @ (vectors / lengths) if use_gram else vectors).astype(np.float32)
        if self.centre is not None:
            centred = unit_blocks(features, self._spans) - self.centre
            self._projections = _BlockProjections(centred, self._spans, self.scale, self._basis)


class _BlockProjections:
    """Projections of each block of all rows on common axes, before the blocks after the first are normalised again.

    Subtracting another constant then costs a few additions for each coordinate instead of a product of matrices.

    Args:
        centred: float32 `[N, D]`, unit-length blocks, those after the first minus a constant.
        spans: start and end of each block.
        scale: float32 `[D]`.
        basis: float32 `[D, r]`.
    """

    def __init__(self, centred: np.ndarray, spans: tuple[Span, ...], scale: np.ndarray, basis: np.ndarray) -> None:
        axes = scale[:, None] * basis
        first = slice(*spans[0])
        self._first = centred[:, first] @ axes[first]
        self._blocks = [slice(*span) for span in spans[1:]]
        self._centred = centred
        self._axes = [axes[block] for block in self._blocks]
        self._projected = [centred[:, block] @ axes[block] for block in self._blocks]

    def shifted(self, shift: np.ndarray) -> np.ndarray:
        """Compute the coordinates `[N, r]` of the rows from whose later blocks a further constant is subtracted."""
        total: np.ndarray = self._first.copy()
        for block, axes, projected in zip(self._blocks, self._axes, self._projected, strict=True):
            lengths = np.linalg.norm(self._centred[:, block] - shift[block], axis=1, keepdims=True)
            total += (projected - shift[block] @ axes) / np.maximum(lengths, SMALLEST_LENGTH)
        return total


def top_directions(covariance: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute the largest eigenvalues and eigenvectors of a covariance matrix.

    Large matrices are decomposed by block power iteration (Halko et al., 2011).

    Returns:
        Eigenvalues `[rank]` and eigenvectors `[r, rank]`.
    """
    covariance, size = covariance.astype(np.float32), len(covariance)
    if size <= 4 * rank:
        values, vectors = linalg.eigh(covariance, check_finite=False)
        return values[::-1][:rank].clip(0), vectors[:, ::-1][:, :rank]
    block = np.random.default_rng(0).standard_normal((size, rank + rank // 8 + 4), np.float32)
    for _ in range(_PASSES):
        block = linalg.qr(covariance @ block, mode="economic", check_finite=False)[0]
    values, inner = linalg.eigh(block.T @ covariance @ block, check_finite=False)
    return values[::-1][:rank].clip(0), (block @ inner[:, ::-1])[:, :rank]
