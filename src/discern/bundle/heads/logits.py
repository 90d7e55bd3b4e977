"""Numerically stable softmax and log-sum-exp over rows of logits."""

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Compute the softmax of each row of logits.

    The result has the shape and the dtype of `logits`, float `[n, K]`.
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def log_sum_exp(logits: np.ndarray) -> np.ndarray:
    """Compute the log-sum-exp of each row of logits.

    Maps `[n, K]` to `[n]`; some logits may be minus infinity.
    """
    top = logits.max(axis=1)
    summed: np.ndarray = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return summed
