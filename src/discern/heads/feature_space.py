"""The coordinates in which heads are fitted."""

from collections.abc import Iterator, Sequence

import numpy as np

from discern.bundle.heads import Span, unit_blocks
from discern.store import Rows

Features = Rows | np.ndarray
BLOCK = 4096
TURNED_UP_TO = 2048
_NEGLIGIBLE = 1e-9


def some_of(features: Features, positions: np.ndarray) -> Features:
    """Take some rows; what lies on disk is not read yet."""
    return features.select(positions) if isinstance(features, Rows) else features[positions]


def in_blocks(features: Features, positions: np.ndarray | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Walk over rows, a few thousand at a time: (positions `[n]`, features float32 `[n, D]`)."""
    positions = np.arange(len(features)) if positions is None else positions
    for start in range(0, len(positions), BLOCK):
        some = positions[start : start + BLOCK]
        yield some, np.asarray(features[some], np.float32)


def block_scales(spans: Sequence[Span], scales: Sequence[float]) -> np.ndarray:
    """One factor for each column, float32 `[D]`, from one per block."""
    pairs = zip(spans, scales, strict=True)
    return np.concatenate([np.full(end - start, scale, np.float32) for (start, end), scale in pairs])


class FeatureSpace:
    """Features as rows of unit-length blocks, each block scaled; where pictures are few, in as few dimensions.

    N rows span at most N dimensions. Turned into them (an orthogonal map, found once), every method here whose penalty
    is blind to direction gives exactly the same head, for less work.

    Args:
        features: `[N, D]`.
        spans: start and end of the blocks that are read, beginning at column 0.
        scales: one factor per block.
        basis: float32 `[D, r]`, orthogonal columns: the rows' coordinates are along these; None: all there are.
    """

    def __init__(
        self, features: Features, spans: Sequence[Span], scales: Sequence[float], *, basis: np.ndarray | None = None
    ) -> None:
        self._features, self._spans = features, tuple(spans)
        self.scale = block_scales(spans, scales)
        self.dimensions = len(self.scale)
        self._turned: np.ndarray | None = None
        self._basis = basis
        if basis is None and len(features) <= TURNED_UP_TO:
            self._turn()

    @property
    def width(self) -> int:
        """How many coordinates a row has here."""
        inner = self._basis if self._turned is None else self._turned
        return self.dimensions if inner is None else int(inner.shape[1])

    @property
    def turned(self) -> bool:
        """Whether the coordinates are the rows' principal directions, strongest first."""
        return self._turned is not None

    def rows(self, positions: np.ndarray) -> np.ndarray:
        """Coordinates `[n, width]` of some rows: float64 where turned, else float32."""
        if self._turned is not None:
            rows: np.ndarray = self._turned[positions]
            return rows
        scaled = self._scaled(np.asarray(self._features[positions], np.float32))
        return scaled if self._basis is None else scaled @ self._basis

    def weights(self, inner: np.ndarray) -> np.ndarray:
        """Weights `[width, K]` on coordinates as weights float64 `[D, K]` on unit-length blocks."""
        weights: np.ndarray = self.scale[:, None] * self.original(inner)
        return weights

    def original(self, inner: np.ndarray) -> np.ndarray:
        """Vectors `[width, K]` in these coordinates as vectors `[D, K]` of scaled blocks."""
        if self._basis is None:
            return inner
        vectors: np.ndarray = self._basis @ inner.astype(np.float32)
        return vectors

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        rows: np.ndarray = unit_blocks(features[:, : self.dimensions], self._spans) * self.scale
        return rows

    def _turn(self) -> None:
        """Find the principal directions by the smaller of the two products of the rows with themselves."""
        rows = self._scaled(np.asarray(self._features[np.arange(len(self._features))], np.float32)).astype(np.float64)
        few = len(rows) <= self.dimensions
        values, vectors = np.linalg.eigh(rows @ rows.T if few else rows.T @ rows)
        kept = np.flatnonzero(values > _NEGLIGIBLE * max(values[-1], np.finfo(np.float64).tiny))[::-1]
        vectors, lengths = vectors[:, kept], np.sqrt(values[kept])
        self._turned = vectors * lengths if few else rows @ vectors
        self._basis = (rows.T @ (vectors / lengths) if few else vectors).astype(np.float32)
