"""Class means and within-class covariance of few rows, kept as the rows themselves.

Fewer rows than coordinates span only part of the space: the products of each row with each are then a smaller matrix
than the covariance, and a linear system with the covariance is solved through them.
"""

from dataclasses import dataclass

import numpy as np

from discern.heads.feature_space import BLOCK, FeatureSpace
from discern.heads.lda import SMALLEST_VARIANCE, SMALLEST_WEIGHT, ClassMeans, Scatter, oracle_shrinkage, solve
from discern.heads.moments import Moments, sum_by_class


@dataclass(frozen=True, kw_only=True, eq=False)
class RowScatter(ClassMeans):
    """Class means and within-class covariance as a product of rows.

    Attributes:
        rows: `[n, r]`, minus the mean of their class, scaled such that the covariance is `rows.T @ rows`.
        products: float64 `[n, n]`, `rows @ rows.T`.
    """

    rows: np.ndarray
    products: np.ndarray

    @classmethod
    def from_rows(
        cls, rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int, dimensions: int
    ) -> "RowScatter | None":
        """Estimate class means and covariance from rows; None if no class has rows that differ."""
        mass = np.bincount(labels, weights, classes)
        total, count = sum_by_class(rows, labels, weights, classes), mass.sum()
        present = mass > SMALLEST_WEIGHT
        means = total / np.maximum(mass, SMALLEST_WEIGHT)[:, None]
        inner = rows - means[labels].astype(rows.dtype)
        inner *= np.sqrt(weights / count)[:, None].astype(rows.dtype)
        products = np.asarray(inner @ inner.T, np.float64)
        trace = float(np.trace(products))
        if trace / dimensions <= SMALLEST_VARIANCE:
            return None
        centre = total.sum(axis=0) / count
        degrees_of_freedom = max(count - present.sum(), 1.0)
        return cls(
            present=present,
            prior=mass[present] / count,
            centre=centre,
            offsets=means[present] - centre,
            rows=inner,
            products=products,
            shrinkage=oracle_shrinkage(trace, float(np.vdot(products, products)), degrees_of_freedom, dimensions),
            level=trace / dimensions,
        )

    def solve(self, factor: float, level: float) -> np.ndarray:
        """Multiply the offsets by the inverse of the shrunk covariance, by the Woodbury identity."""
        kind = self.rows.dtype
        along = solve(self.products, factor, level, self.rows @ self.offsets.T.astype(kind))
        weight: np.ndarray = (self.offsets.T - factor * (self.rows.T @ along.astype(kind))) / level
        return weight


def scatter_of(
    space: FeatureSpace, positions: np.ndarray, labels: np.ndarray, weights: np.ndarray, classes: int
) -> ClassMeans:
    """Estimate class means and covariance of the given rows in the form that costs less.

    `labels` and `weights` are those of all rows.
    """
    found = None
    if len(positions) < space.width and len(positions) <= BLOCK:
        rows = space.rows(positions)
        found = RowScatter.from_rows(rows, labels[positions], weights[positions], classes, space.dimensions)
    if found is None:
        moments = Moments.from_rows(space, positions, labels, weights, classes)
        return Scatter.from_moments(moments, space.dimensions)
    return found
