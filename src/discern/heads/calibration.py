"""Temperature: what logits are divided by so that a probability means what it says (Guo et al., ICML 2017)."""

import numpy as np
from scipy import optimize

_COLDEST, _HOTTEST = -7.0, 9.0


def fit_temperature(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, present: np.ndarray) -> float:
    """Find the temperature with the smallest log loss on held-out pictures.

    Where all are right, the log loss knows no end: the truth therefore counts (n + 1) / (n + 2), as in Platt's scaling,
    and the rest goes to all classes alike. Pictures of a class that had not been learned are passed over.

    Args:
        logits: float64 `[n, K]`, centred (see `Linear`), from heads that had not learned these pictures.
        labels: int `[n]`.
        weights: float64 `[n]`.
        present: bool `[n, K]`, which classes the head of each row had learned.

    Returns:
        A positive temperature; 1 where nothing can be learned.
    """
    usable = present[np.arange(len(labels)), labels]
    if not usable.any() or logits.shape[1] < 2:
        return 1.0
    masked = np.where(present[usable], logits[usable], -np.inf)
    truth, count = logits[usable, labels[usable]], weights[usable].sum()
    weights, sure = weights[usable] / count, (count + 1) / (count + 2)
    if not np.abs(truth).max() > 0:
        return 1.0

    def loss(exponent: float) -> float:
        scale = np.exp(-exponent)
        return float(weights @ (log_sum_exp(masked * scale) - sure * truth * scale))

    start = np.log(np.abs(truth).mean() + 1e-12)
    bounds = (start + _COLDEST, start + _HOTTEST)
    return float(np.exp(optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4}).x))


def log_loss(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, present: np.ndarray) -> float:
    """Weighted mean log loss (nats) over the pictures whose class had been learned; arguments as `fit_temperature`."""
    usable = present[np.arange(len(labels)), labels]
    if not usable.any():
        return float(np.log(logits.shape[1]))
    masked = np.where(present[usable], logits[usable], -np.inf)
    losses = log_sum_exp(masked) - logits[usable, labels[usable]]
    return float(np.average(losses, weights=weights[usable]))


def log_sum_exp(logits: np.ndarray) -> np.ndarray:
    """Over the columns of `[n, K]`, some of which may be minus infinity: `[n]`."""
    top = logits.max(axis=1)
    summed: np.ndarray = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return summed
