"""Functions that calibrate class probabilities by temperature scaling (Guo et al., ICML 2017)."""

from collections.abc import Callable

import numpy as np
from scipy import optimize

from discern.bundle.heads import log_sum_exp
from discern.heads.ordinal import centred_log_probabilities

# Search interval of the log temperature, around that of the logits' mean size: wide enough for any data; not tuned.
_LOWEST, _HIGHEST = -7.0, 9.0


def fit_temperature(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, present: np.ndarray) -> float:
    """Fit the temperature of a classifier head by held-out log loss.

    If every prediction is right, the log loss has no minimum. The target of the true class is therefore
    (n + 1) / (n + 2), as in Platt scaling; the rest is spread over all classes. Pictures of absent classes are ignored.

    Args:
        logits: float64 `[n, K]`, centred (see `LinearFit`), of pictures that the heads were not fitted on.
        labels: int `[n]`.
        weights: float64 `[n]`, sample weights.
        present: bool `[n, K]`, the classes that the head of each row was fitted on.

    Returns:
        A positive temperature; 1 without usable pictures.
    """
    usable = present[np.arange(len(labels)), labels]
    if not usable.any() or logits.shape[1] < 2:
        return 1.0
    masked = np.where(present[usable], logits[usable], -np.inf)
    truth, count = logits[usable, labels[usable]], weights[usable].sum()
    weights, target = weights[usable] / count, (count + 1) / (count + 2)
    if not np.abs(truth).max() > 0:
        return 1.0

    def loss(scale: float) -> float:
        return float(weights @ (log_sum_exp(masked * scale) - target * truth * scale))

    return _search(loss, np.abs(truth).mean())


def fit_margin_temperature(margins: np.ndarray, labels: np.ndarray, weights: np.ndarray, present: np.ndarray) -> float:
    """Fit the temperature of an ordinal head by held-out log loss.

    It divides the score and the thresholds; the loss is that of `fit_temperature`.

    Args:
        margins: float64 `[n, K + 1]`, of `OrdinalFit.margins`, of pictures that the heads were not fitted on.
        labels: int `[n]`.
        weights: float64 `[n]`, sample weights.
        present: bool `[n, K]`, the labels that the head of each row was fitted on.
    """
    usable = present[np.arange(len(labels)), labels]
    margins, labels, weights, present = margins[usable], labels[usable], weights[usable], present[usable]
    finite = np.abs(margins[np.isfinite(margins)])
    if not finite.any():
        return 1.0
    count, places = weights.sum(), np.arange(len(labels))
    weights, target = weights / count, (count + 1) / (count + 2)

    def loss(scale: float) -> float:
        logits = centred_log_probabilities(margins * scale, present)
        masked = np.where(present, logits, -np.inf)
        return float(weights @ (log_sum_exp(masked) - target * logits[places, labels]))

    return _search(loss, finite.mean())


def _search(loss: Callable[[float], float], size: float) -> float:
    start = np.log(size + 1e-12)
    bounds, options = (start + _LOWEST, start + _HIGHEST), {"xatol": 1e-4}
    found = optimize.minimize_scalar(
        lambda exponent: loss(np.exp(-exponent)), bounds=bounds, method="bounded", options=options
    )
    return float(np.exp(found.x))


def log_loss(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, present: np.ndarray) -> float:
    """Compute the weighted mean log loss of predicted logits in nats.

    Pictures of absent classes are ignored. The arguments are those of `fit_temperature`.
    """
    usable = present[np.arange(len(labels)), labels]
    if not usable.any():
        return float(np.log(logits.shape[1]))
    masked = np.where(present[usable], logits[usable], -np.inf)
    losses = log_sum_exp(masked) - logits[usable, labels[usable]]
    return float(np.average(losses, weights=weights[usable]))
