"""Linear discriminant analysis with a shrunk covariance, from sums alone."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from discern.heads.moments import Moments

_SMALLEST = 1e-12
_GONE = 1e-9
_LEAST_SHRINKAGE = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """Logits as an affine function of a space's coordinates, centred: those of the present classes average to 0.

    Attributes:
        weight: float64 `[r, K]`; zeros for classes that were not learned.
        bias: float64 `[K]`; zeros likewise.
        present: bool `[K]`, which classes were learned.
    """

    weight: np.ndarray
    bias: np.ndarray
    present: np.ndarray

    @classmethod
    def centred(cls, weight: np.ndarray, bias: np.ndarray, present: np.ndarray) -> "Linear":
        """Spread the logits `[r, P]`, `[P]` of the present classes over all, and centre them."""
        wide = np.zeros((len(weight), len(present)))
        wide[:, present] = weight - weight.mean(axis=1, keepdims=True)
        offset = np.zeros(len(present))
        offset[present] = bias - bias.mean()
        return cls(weight=wide, bias=offset, present=present)

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """float64 `[N, K]` of coordinates `[N, r]`."""
        logits: np.ndarray = rows @ self.weight + self.bias
        return logits


@dataclass(frozen=True, kw_only=True, eq=False)
class Scatter:
    """How pictures lie: classes around a centre, and the shrunk covariance within classes.

    Attributes:
        present: bool `[K]`, which classes there are.
        prior: float64 `[P]`, their shares.
        centre: float64 `[r]`, mean of all rows.
        offsets: float64 `[P, r]`, the class means minus `centre`.
        covariance: float64 `[r, r]`, within classes, not shrunk.
        shrinkage: in 0..1, the share of `level` times the identity that best estimates the true covariance.
        level: mean variance over the dimensions.
    """

    present: np.ndarray
    prior: np.ndarray
    centre: np.ndarray
    offsets: np.ndarray
    covariance: np.ndarray
    shrinkage: float
    level: float

    @classmethod
    def of(cls, moments: Moments, dimensions: int) -> "Scatter":
        """Estimate from sums; `dimensions`: of the features, of which the coordinates may be a turned part."""
        present = moments.weight > _GONE
        weight, total = moments.weight[present], moments.total[present]
        count, means = weight.sum(), total / weight[:, None]
        centre = total.sum(axis=0) / count
        covariance = (moments.second - total.T @ means) / count
        level = np.trace(covariance) / dimensions
        if level <= _SMALLEST:
            # One picture a class says nothing of the scatter within: the scatter of all stands in.
            covariance = moments.second / count - np.outer(centre, centre)
            level = max(np.trace(covariance) / dimensions, _SMALLEST)
        freedom = max(count - present.sum(), 1.0)
        return cls(
            present=present,
            prior=weight / count,
            centre=centre,
            offsets=means - centre,
            covariance=covariance,
            shrinkage=_oracle_shrinkage(covariance, freedom, dimensions),
            level=level,
        )


def _oracle_shrinkage(covariance: np.ndarray, freedom: float, dimensions: int) -> float:
    """Oracle approximating shrinkage (Chen et al., IEEE TSP 2010): Ledoit and Wolf's aim, from traces alone."""
    trace, squares = np.trace(covariance), np.einsum("ij,ij->", covariance, covariance)
    above = (1 - 2 / dimensions) * squares + trace**2
    below = (freedom + 1 - 2 / dimensions) * (squares - trace**2 / dimensions)
    return float(min(1.0, above / below)) if below > 0 else 1.0


def fit_lda(scatter: Scatter, shrinkage: float) -> Linear:
    """Linear discriminant with a covariance shrunk by `shrinkage` towards a multiple of the identity."""
    level = max(shrinkage, _LEAST_SHRINKAGE) * scatter.level
    weight = _solve(scatter.covariance, 1 - shrinkage, level, scatter.offsets.T)
    half = np.einsum("kr,rk->k", scatter.offsets, weight) / 2
    bias = np.log(scatter.prior) - half - scatter.centre @ weight
    return Linear.centred(weight, bias, scatter.present)


def _solve(matrix: np.ndarray, factor: float, level: float, right: np.ndarray) -> np.ndarray:
    """Solve (factor * matrix + level * I) X = right, in half the time that float64 throughout would take.

    The factorisation is of float32, one step of refinement in float64 makes up for it.
    """
    single = matrix.astype(np.float32) * np.float32(factor)
    single[np.diag_indices_from(single)] += np.float32(level)
    try:
        factored = linalg.cho_factor(single, overwrite_a=True, check_finite=False)
    except linalg.LinAlgError:
        whole = factor * matrix + level * np.eye(len(matrix))
        return np.asarray(linalg.solve(whole, right, assume_a="sym", check_finite=False))
    first = linalg.cho_solve(factored, right.astype(np.float32), check_finite=False).astype(np.float64)
    rest = right - factor * (matrix @ first) - level * first
    solution: np.ndarray = first + linalg.cho_solve(factored, rest.astype(np.float32), check_finite=False)
    return solution
