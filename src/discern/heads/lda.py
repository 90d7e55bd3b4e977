"""Linear discriminant analysis with covariance shrinkage, computed from sufficient statistics."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from discern.heads.moments import Moments

SMALLEST_VARIANCE = 1e-12
SMALLEST_WEIGHT = 1e-9
_SMALLEST_SHRINKAGE = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearFit:
    """Linear classifier with centred logits, fitted on feature coordinates.

    Attributes:
        weight: float64 `[r, K]`; zeros for absent classes. The logits of the classes present sum to 0.
        bias: float64 `[K]`; zeros likewise.
        present: bool `[K]`, True for classes with training pictures.
    """

    weight: np.ndarray
    bias: np.ndarray
    present: np.ndarray

    @classmethod
    def centred(cls, weight: np.ndarray, bias: np.ndarray, present: np.ndarray) -> "LinearFit":
        """Create a classifier with centred logits from weights and biases of the classes present."""
        all_weights = np.zeros((len(weight), len(present)))
        all_weights[:, present] = weight - weight.mean(axis=1, keepdims=True)
        all_biases = np.zeros(len(present))
        all_biases[present] = bias - bias.mean()
        return cls(weight=all_weights, bias=all_biases, present=present)

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """Compute the logits of feature coordinates."""
        logits: np.ndarray = rows @ self.weight + self.bias
        return logits


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassMeans(ABC):
    """Class means of the training pictures, with estimated shrinkage of the covariance within classes.

    Attributes:
        present: bool `[K]`, True for classes with training pictures.
        prior: float64 `[P]`, their frequencies.
        centre: float64 `[r]`, mean of all rows.
        offsets: float64 `[P, r]`, the class means minus `centre`.
        shrinkage: in 0..1, the weight of `level` times the identity that best estimates the true covariance.
        level: mean variance over the dimensions.
    """

    present: np.ndarray
    prior: np.ndarray
    centre: np.ndarray
    offsets: np.ndarray
    shrinkage: float
    level: float

    @abstractmethod
    def solve(self, factor: float, level: float) -> np.ndarray:
        """Multiply the offsets by the inverse of `factor` times the covariance plus `level` times the identity.

        Returns:
            float64 `[r, P]`.
        """


@dataclass(frozen=True, kw_only=True, eq=False)
class Scatter(ClassMeans):
    """Class means and within-class covariance.

    Attributes:
        covariance: float64 `[r, r]`, within classes, not shrunk.
    """

    covariance: np.ndarray

    @classmethod
    def from_moments(cls, moments: Moments, dimensions: int) -> "Scatter":
        """Estimate class means and covariance from sufficient statistics.

        `dimensions` is the number of feature dimensions, which may exceed the number of coordinates.
        """
        present = moments.weight > SMALLEST_WEIGHT
        weight, total = moments.weight[present], moments.total[present]
        count, means = weight.sum(), total / weight[:, None]
        centre = total.sum(axis=0) / count
        covariance = total.T @ means
        np.subtract(moments.second, covariance, out=covariance)
        covariance /= count
        level = np.trace(covariance) / dimensions
        if level <= SMALLEST_VARIANCE:
            # With one picture per class there is no within-class scatter: fall back to the total scatter.
            covariance = moments.second / count - np.outer(centre, centre)
            level = max(np.trace(covariance) / dimensions, SMALLEST_VARIANCE)
        degrees_of_freedom = max(count - present.sum(), 1.0)
        return cls(
            present=present,
            prior=weight / count,
            centre=centre,
            offsets=means - centre,
            covariance=covariance,
            shrinkage=oracle_shrinkage(
                float(np.trace(covariance)), float(np.vdot(covariance, covariance)), degrees_of_freedom, dimensions
            ),
            level=level,
        )

    def solve(self, factor: float, level: float) -> np.ndarray:
        """Multiply the offsets by the inverse of the shrunk covariance, as `ClassMeans.solve`."""
        return solve(self.covariance, factor, level, self.offsets.T)


def oracle_shrinkage(trace: float, squares: float, degrees_of_freedom: float, dimensions: int) -> float:
    """Estimate oracle approximating shrinkage (OAS) from the traces of a covariance matrix and of its square.

    The estimate is that of Chen et al., IEEE TSP 2010.
    """
    numerator = (1 - 2 / dimensions) * squares + trace**2
    denominator = (degrees_of_freedom + 1 - 2 / dimensions) * (squares - trace**2 / dimensions)
    return float(min(1.0, numerator / denominator)) if denominator > 0 else 1.0


def fit_lda(scatter: ClassMeans, shrinkage: float) -> LinearFit:
    """Fit linear discriminant analysis with covariance shrinkage.

    The covariance is shrunk by `shrinkage` (0..1) towards a multiple of the identity.
    """
    level = max(shrinkage, _SMALLEST_SHRINKAGE) * scatter.level
    weight = scatter.solve(1 - shrinkage, level)
    half = np.einsum("kr,rk->k", scatter.offsets, weight) / 2
    bias = np.log(scatter.prior) - half - scatter.centre @ weight
    return LinearFit.centred(weight, bias, scatter.present)


def solve(matrix: np.ndarray, factor: float, level: float, right: np.ndarray) -> np.ndarray:
    """Solve the linear system (factor * matrix + level * I) X = right in mixed precision.

    A float32 Cholesky factorisation and one float64 refinement take half the time of float64 throughout.
    """
    single = np.empty(matrix.shape, np.float32)
    np.multiply(matrix, factor, out=single, casting="same_kind")
    single[np.diag_indices_from(single)] += np.float32(level)
    try:
        # The transpose is the same matrix, in the order that LAPACK takes without a copy.
        factored = linalg.cho_factor(single.T, overwrite_a=True, check_finite=False)
    except linalg.LinAlgError:
        double = factor * matrix + level * np.eye(len(matrix))
        return np.asarray(linalg.solve(double, right, assume_a="sym", check_finite=False))
    first = linalg.cho_solve(factored, right.astype(np.float32), check_finite=False).astype(np.float64)
    residual = right - factor * (matrix @ first) - level * first
    solution: np.ndarray = first + linalg.cho_solve(factored, residual.astype(np.float32), check_finite=False)
    return solution
