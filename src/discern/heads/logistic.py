"""Multinomial logistic regression, penalised by the squared length of its weights."""

import numpy as np
from scipy import optimize

from discern.heads.lda import Linear

_STEPS = 60
_TOLERANCE = 1e-4


def fit_logistic(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, *, classes: int, strength: float) -> Linear:
    """Minimise the weighted log loss plus |W|^2 / (2 strength), by L-BFGS.

    The coordinates are best a space's principal directions: each is then scaled by its own curvature, which makes the
    problem nearly round, and a few dozen steps are enough.

    Args:
        rows: float64 `[n, r]`.
        labels: int `[n]` in 0..classes - 1.
        weights: float64 `[n]`, of each row.
        classes: K; a class without rows is not `present`.
        strength: C, the inverse of the penalty.
    """
    present = np.zeros(classes, bool)
    present[labels] = True
    kinds = int(present.sum())
    target = (np.cumsum(present) - 1)[labels]
    centre = weights @ rows / weights.sum()
    curvature = weights @ (rows - centre) ** 2 / (2 * kinds) + 1 / strength
    # The last column is the bias, which is not penalised.
    scale = 1 / np.sqrt(np.append(curvature, weights.sum() / (2 * kinds)))
    # float32 is ample for the gradients of some dozen steps, and twice as quick.
    scaled = (np.column_stack([rows - centre, np.ones(len(rows))]) * scale).astype(np.float32)
    mass = weights.astype(np.float32)
    penalty = np.append(scale[:-1] ** 2 / strength, 0.0)[:, None]
    hit = (np.arange(len(target)), target)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        inner = flat.reshape(-1, kinds)
        logits = scaled @ inner.astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        sums = powers.sum(axis=1)
        value = weights @ (np.log(sums) - logits[hit]) + (penalty * inner**2).sum() / 2
        shares = powers * (mass / sums)[:, None]
        shares[hit] -= mass
        return float(value), (scaled.T @ shares + penalty * inner).ravel()

    start = np.zeros(scaled.shape[1] * kinds)
    options = {"maxiter": _STEPS, "gtol": _TOLERANCE * weights.sum() ** 0.5, "maxcor": 10}
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x.reshape(-1, kinds)
    found = found * scale[:, None]
    weight, bias = found[:-1], found[-1]
    return Linear.centred(weight, bias - centre @ weight, present)
