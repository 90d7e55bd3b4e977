"""Ordinal regression with the proportional odds model (McCullagh, 1980)."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, special

from discern.heads.lda import LinearFit

_MAX_ITERATIONS = 40
_TOLERANCE = 1e-4
# Bounds of the logarithm of a gap between thresholds: wide enough for any data, and finite in float32.
_SMALLEST_LOG_GAP, _LARGEST_LOG_GAP = -7.0, 7.0


@dataclass(frozen=True, kw_only=True, eq=False)
class OrdinalFit:
    """Proportional odds model with a linear score and ascending thresholds.

    P(label <= k) = sigmoid(threshold_k - score): the larger the score, the higher the label.

    Attributes:
        weight: float64 `[r]`, of the score.
        thresholds: float64 `[P - 1]`, strictly ascending, between the P labels present.
        present: bool `[K]`, True for labels with training pictures; at least two.
    """

    weight: np.ndarray
    thresholds: np.ndarray
    present: np.ndarray

    def compose(self, linear: LinearFit) -> "OrdinalFit":
        """Convert a model fitted on the logits of a linear classifier to feature coordinates."""
        return replace(self, weight=linear.weight @ self.weight, thresholds=self.thresholds - linear.bias @ self.weight)

    def margins(self, rows: np.ndarray) -> np.ndarray:
        """Compute the differences between the thresholds and the scores of feature rows.

        The result is `[n, K + 1]`. Label k lies between columns k and k + 1. The first column is minus infinity, the
        last infinity; the interval of an absent label is empty.
        """
        below = np.cumsum(self.present) - self.present
        last = int(self.present.sum())
        ends = np.concatenate([[-np.inf], self.thresholds, [np.inf]])
        edges = ends[np.append(below, last)]
        margins: np.ndarray = edges - (rows @ self.weight)[:, None]
        return margins


def centred_log_probabilities(margins: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Compute the centred log probabilities of ordinal labels.

    Args:
        margins: float64 `[n, K + 1]`, of `OrdinalFit.margins`, possibly divided by a temperature.
        present: bool `[n, K]` or `[K]`.

    Returns:
        float64 `[n, K]`, with mean 0 over the labels present; 0 for absent labels.
    """
    present = np.broadcast_to(present, (len(margins), margins.shape[1] - 1))
    lower, upper = margins[:, :-1], margins[:, 1:]
    width = np.where(present, upper, 1.0) - np.where(present, lower, 0.0)
    logs = special.log_expit(upper) + special.log_expit(-lower) + np.log(-np.expm1(-width))
    logs = np.where(present, logs, 0.0)
    centre = logs.sum(axis=1, keepdims=True) / present.sum(axis=1, keepdims=True)
    return np.where(present, logs - centre, 0.0)


def fit_ordinal(
    rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, *, classes: int, strength: float
) -> OrdinalFit | None:
    """Fit an ordinal regression by L-BFGS.

    The objective is the weighted log loss plus |w|^2 / (4 strength). For two classes this is the multinomial logistic
    regression of the same strength. Principal directions are the best coordinates here, too.

    Args:
        rows: `[n, r]`.
        labels: int `[n]` in 0..classes - 1, in ascending order of meaning.
        weights: float64 `[n]`, sample weights.
        classes: K; a label without rows is not `present`, and its neighbours share a threshold.
        strength: C, the inverse of the penalty.

    Returns:
        The fit; None if there are fewer than two labels.
    """
    present = np.zeros(classes, bool)
    present[labels] = True
    count = int(present.sum())
    if count < 2:
        return None
    target = (np.cumsum(present) - 1)[labels]
    centre = weights @ rows / weights.sum()
    scale = 1 / np.sqrt(weights @ (rows - centre) ** 2 / 4 + 1 / (2 * strength))
    scaled = ((rows - centre) * scale).astype(np.float32)
    weight, thresholds = _OrdinalLoss(scaled, target, weights, scale**2 / (2 * strength), count).minimise()
    weight = weight * scale
    return OrdinalFit(weight=weight, thresholds=thresholds + centre @ weight, present=present)


def _thresholds(parameters: np.ndarray) -> np.ndarray:
    """Convert the first threshold and log gaps to ascending thresholds."""
    return np.asarray(np.append(parameters[:1], parameters[0] + np.cumsum(np.exp(parameters[1:]))))


class _OrdinalLoss:
    """Loss function of an ordinal regression and its gradient for L-BFGS.

    The `[r + count - 1]` parameters are the weights, the first threshold and the logarithms of the gaps.

    Args:
        rows: float32 `[n, r]`, centred, each column scaled by its curvature.
        target: int `[n]`, every value of 0..count - 1 at least once.
        weights: float64 `[n]`, sample weights.
        penalty: float64 `[r]`.
        count: number of labels.
    """

    def __init__(self, rows: np.ndarray, target: np.ndarray, weights: np.ndarray, penalty: np.ndarray, count: int):
        self.rows, self.target, self.weights, self.penalty, self.count = rows, target, weights, penalty, count
        self.width = rows.shape[1]
        # Every picture contributes to the curvature of the thresholds: scaled by it, as the columns are, the search
        # takes a third of the iterations (benchmarks/ordinal_labels.py).
        self.scale = np.append(np.ones(self.width), np.full(count - 1, 2 / weights.sum() ** 0.5))

    def minimise(self) -> tuple[np.ndarray, np.ndarray]:
        """Minimise the loss and return the fitted weights and thresholds."""
        gaps = (_SMALLEST_LOG_GAP / self.scale[-1], _LARGEST_LOG_GAP / self.scale[-1])
        bounds = [(None, None)] * (self.width + 1) + [gaps] * (self.count - 2)
        options = {"maxiter": _MAX_ITERATIONS, "gtol": _TOLERANCE * self.weights.sum() ** 0.5, "maxcor": 10}
        found = optimize.minimize(self, self.start(), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
        weight, rest = np.split(found * self.scale, [self.width])
        return weight, _thresholds(rest)

    def start(self) -> np.ndarray:
        """Return initial parameters with zero weights and thresholds that reproduce the label frequencies."""
        mass = np.bincount(self.target, self.weights, self.count)
        thresholds = special.logit((np.cumsum(mass) / mass.sum())[:-1])
        gaps = np.log(np.diff(thresholds)).clip(_SMALLEST_LOG_GAP, _LARGEST_LOG_GAP)
        start: np.ndarray = np.concatenate([np.zeros(self.width), thresholds[:1], gaps]) / self.scale
        return start

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weight, rest = np.split(parameters * self.scale, [self.width])
        score = (self.rows @ weight.astype(np.float32)).astype(np.float64)
        ends = np.concatenate([[-np.inf], _thresholds(rest), [np.inf]])
        lower, upper = ends[self.target] - score, ends[self.target + 1] - score
        gap = upper - lower
        logs = special.log_expit(upper) + special.log_expit(-lower) + np.log(-np.expm1(-gap))
        value = -self.weights @ logs + (self.penalty * weight**2).sum() / 2
        # Derivatives by the two ends of each label's interval: of the two sigmoids, and of the gap between them.
        by_gap = self.weights / np.expm1(np.minimum(gap, 500.0))
        by_upper = -self.weights * special.expit(-upper) - by_gap
        by_lower = self.weights * special.expit(lower) + by_gap
        by_weight = self.rows.T @ -(by_upper + by_lower).astype(np.float32) + self.penalty * weight
        return float(value), np.append(by_weight, self._threshold_gradient(rest, by_lower, by_upper)) * self.scale

    def _threshold_gradient(self, rest: np.ndarray, by_lower: np.ndarray, by_upper: np.ndarray) -> np.ndarray:
        ends = np.bincount(self.target, by_lower, self.count)[1:] + np.bincount(self.target, by_upper, self.count)[:-1]
        above = np.cumsum(ends[::-1])[::-1]
        return np.asarray(np.append(above[:1], above[1:] * np.exp(rest[1:])))
