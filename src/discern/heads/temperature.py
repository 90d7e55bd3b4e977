"""Temperature: what logits are divided by so that a probability means what it says (Guo et al., ICML 2017)."""

from collections.abc import Callable

import numpy as np
from scipy import optimize

from discern.bundle.heads import log_sum_exp
from discern.heads.ordinal import log_odds

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

    def loss(scale: float) -> float:
        return float(weights @ (log_sum_exp(masked * scale) - sure * truth * scale))

    return _search(loss, np.abs(truth).mean())


def fit_margin_temperature(margins: np.ndarray, labels: np.ndarray, weights: np.ndarray, present: np.ndarray) -> float:
    """The same for a cumulative head: what its score and thresholds are divided by.

    Args:
        margins: float64 `[n, K + 1]`, see `Cumulative.margins`, from heads that had not learned these pictures.
        labels: int `[n]`.
        weights: float64 `[n]`.
        present: bool `[n, K]`, which classes the head of each row had learned.
    """
    usable = present[np.arange(len(labels)), labels]
    margins, labels, weights, present = margins[usable], labels[usable], weights[usable], present[usable]
    finite = np.abs(margins[np.isfinite(margins)])
    if not finite.any():
        return 1.0
    count, places = weights.sum(), np.arange(len(labels))
    weights, sure = weights / count, (count + 1) / (count + 2)

    def loss(scale: float) -> float:
        logits = log_odds(margins * scale, present)
        masked = np.where(present, logits, -np.inf)
        return float(weights @ (log_sum_exp(masked) - sure * logits[places, labels]))

    return _search(loss, finite.mean())


def _search(loss: Callable[[float], float], size: float) -> float:
    """The temperature, around the `size` of what it divides, whose inverse has the smallest loss."""
    start = np.log(size + 1e-12)
    bounds, options = (start + _COLDEST, start + _HOTTEST), {"xatol": 1e-4}
    found = optimize.minimize_scalar(
        lambda exponent: loss(np.exp(-exponent)), bounds=bounds, method="bounded", options=options
    )
    return float(np.exp(found.x))


def log_loss(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, present: np.ndarray) -> float:
    """Weighted mean log loss (nats) over the pictures whose class had been learned; arguments as `fit_temperature`."""
    usable = present[np.arange(len(labels)), labels]
    if not usable.any():
        return float(np.log(logits.shape[1]))
    masked = np.where(present[usable], logits[usable], -np.inf)
    losses = log_sum_exp(masked) - logits[usable, labels[usable]]
    return float(np.average(losses, weights=weights[usable]))
