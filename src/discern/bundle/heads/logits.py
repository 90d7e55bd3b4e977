"""Numerically stable row-wise softmax and log-sum-exp."""

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Compute the row-wise softmax of logits, float `[n, K]`."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def log_sum_exp(logits: np.ndarray) -> np.ndarray:
    """Compute the row-wise log-sum-exp of logits `[n, K]`, minus infinity included."""
    top = logits.max(axis=1)
    summed: np.ndarray = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return summed
