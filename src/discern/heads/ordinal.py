"""Proportional odds: one score for all labels, and rising thresholds between them (McCullagh, JRSS B 1980)."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, special

from discern.heads.lda import Linear

_STEPS = 40
_TOLERANCE = 1e-4
# A gap between thresholds stays within these, as logarithms: wide enough for any data, and finite in float32.
_NARROWEST, _WIDEST = -7.0, 7.0


@dataclass(frozen=True, kw_only=True, eq=False)
class OrdinalFit:
    """A score as an affine function of a space's coordinates, and where one label gives way to the next.

    P(label <= k) = sigmoid(threshold_k - score): the larger the score, the later the label.

    Attributes:
        weight: float64 `[r]`, of the score.
        thresholds: float64 `[P - 1]`, strictly rising, between the P labels that were learned.
        present: bool `[K]`, which labels were learned; at least two.
    """

    weight: np.ndarray
    thresholds: np.ndarray
    present: np.ndarray

    def behind(self, linear: Linear) -> "OrdinalFit":
        """The same head in the coordinates of a linear map, of whose logits its own score is made."""
        return replace(self, weight=linear.weight @ self.weight, thresholds=self.thresholds - linear.bias @ self.weight)

    def margins(self, rows: np.ndarray) -> np.ndarray:
        """How far each label's ends lie above the score of coordinates `[n, r]`: float64 `[n, K + 1]`.

        Label k lies between columns k and k + 1; the first column is minus infinity, the last infinity, and a label
        that was not learned has no width.
        """
        below = np.cumsum(self.present) - self.present
        last = int(self.present.sum())
        ends = np.concatenate([[-np.inf], self.thresholds, [np.inf]])
        edges = ends[np.append(below, last)]
        margins: np.ndarray = edges - (rows @ self.weight)[:, None]
        return margins


def log_odds(margins: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities of labels, centred over those present.

    Args:
        margins: float64 `[n, K + 1]`, as `OrdinalFit.margins` gives them, perhaps divided by a temperature.
        present: bool `[n, K]` or `[K]`.

    Returns:
        float64 `[n, K]`; 0 for labels that are not present.
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
    """Minimise the weighted log loss plus |w|^2 / (4 strength), by L-BFGS.

    For two classes this is exactly the multinomial logistic regression of the same strength. As there, coordinates are
    best a space's principal directions.

    Args:
        rows: `[n, r]`.
        labels: int `[n]` in 0..classes - 1, in the order that means something.
        weights: float64 `[n]`, of each row.
        classes: K; a label without rows is not `present`, and its neighbours share a threshold.
        strength: C, the inverse of the penalty.

    Returns:
        None where there are no two labels to part.
    """
    present = np.zeros(classes, bool)
    present[labels] = True
    kinds = int(present.sum())
    if kinds < 2:
        return None
    target = (np.cumsum(present) - 1)[labels]
    centre = weights @ rows / weights.sum()
    scale = 1 / np.sqrt(weights @ (rows - centre) ** 2 / 4 + 1 / (2 * strength))
    scaled = ((rows - centre) * scale).astype(np.float32)
    weight, thresholds = _Problem(scaled, target, weights, scale**2 / (2 * strength), kinds).solve()
    weight = weight * scale
    return OrdinalFit(weight=weight, thresholds=thresholds + centre @ weight, present=present)


def _thresholds(free: np.ndarray) -> np.ndarray:
    """Thresholds from the first of them and the logarithms of the gaps, so that they rise whatever the numbers."""
    return np.asarray(np.append(free[:1], free[0] + np.cumsum(np.exp(free[1:]))))


class _Problem:
    """The loss for L-BFGS, as a function of `[r + kinds - 1]` free numbers: the weights, then see `_thresholds`.

    Args:
        rows: float32 `[n, r]`, centred, each column scaled by its curvature.
        target: int `[n]` in 0..kinds - 1, each of which there is.
        weights: float64 `[n]`.
        penalty: float64 `[r]`.
        kinds: how many labels.
    """

    def __init__(self, rows: np.ndarray, target: np.ndarray, weights: np.ndarray, penalty: np.ndarray, kinds: int):
        self.rows, self.target, self.weights, self.penalty, self.kinds = rows, target, weights, penalty, kinds
        self.width = rows.shape[1]
        # All pictures pull at the thresholds: their curvature is not near 1, and the search is slow unless they are
        # scaled by it as the columns are.
        self.scale = np.append(np.ones(self.width), np.full(kinds - 1, 2 / weights.sum() ** 0.5))

    def solve(self) -> tuple[np.ndarray, np.ndarray]:
        """The best weights `[r]` and thresholds `[kinds - 1]`."""
        gaps = (_NARROWEST / self.scale[-1], _WIDEST / self.scale[-1])
        bounds = [(None, None)] * (self.width + 1) + [gaps] * (self.kinds - 2)
        options = {"maxiter": _STEPS, "gtol": _TOLERANCE * self.weights.sum() ** 0.5, "maxcor": 10}
        found = optimize.minimize(self, self.start(), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
        weight, rest = np.split(found * self.scale, [self.width])
        return weight, _thresholds(rest)

    def start(self) -> np.ndarray:
        """No weights, and thresholds that give each label its share."""
        mass = np.bincount(self.target, self.weights, self.kinds)
        thresholds = special.logit((np.cumsum(mass) / mass.sum())[:-1])
        gaps = np.log(np.diff(thresholds)).clip(_NARROWEST, _WIDEST)
        start: np.ndarray = np.concatenate([np.zeros(self.width), thresholds[:1], gaps]) / self.scale
        return start

    def __call__(self, free: np.ndarray) -> tuple[float, np.ndarray]:
        weight, rest = np.split(free * self.scale, [self.width])
        score = (self.rows @ weight.astype(np.float32)).astype(np.float64)
        ends = np.concatenate([[-np.inf], _thresholds(rest), [np.inf]])
        lower, upper = ends[self.target] - score, ends[self.target + 1] - score
        gap = upper - lower
        logs = special.log_expit(upper) + special.log_expit(-lower) + np.log(-np.expm1(-gap))
        value = -self.weights @ logs + (self.penalty * weight**2).sum() / 2
        # By each end of a label: the parts of the two sigmoids, and of the width between them.
        squeezed = self.weights / np.expm1(np.minimum(gap, 500.0))
        by_upper = -self.weights * special.expit(-upper) - squeezed
        by_lower = self.weights * special.expit(lower) + squeezed
        by_weight = self.rows.T @ -(by_upper + by_lower).astype(np.float32) + self.penalty * weight
        return float(value), np.append(by_weight, self._by_rest(rest, by_lower, by_upper)) * self.scale

    def _by_rest(self, rest: np.ndarray, by_lower: np.ndarray, by_upper: np.ndarray) -> np.ndarray:
        """From the gradient by each picture's two ends to that by the first threshold and the gaps' logarithms."""
        ends = np.bincount(self.target, by_lower, self.kinds)[1:] + np.bincount(self.target, by_upper, self.kinds)[:-1]
        above = np.cumsum(ends[::-1])[::-1]
        return np.asarray(np.append(above[:1], above[1:] * np.exp(rest[1:])))
