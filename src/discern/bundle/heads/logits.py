"""Functions that compute softmax and log-sum-exp of class logits in a numerically stable way."""

import numpy as np

from discern.errors import BundleError


def softmax(logits: np.ndarray) -> np.ndarray:
    """Compute the softmax of each row of logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def log_sum_exp(logits: np.ndarray) -> np.ndarray:
    """Compute the log-sum-exp of each row of logits, which may include minus infinity."""
    top = logits.max(axis=1)
    summed: np.ndarray = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return summed


def check_correction(correction: float) -> None:
    """Check that the correction of a temperature is a positive number.

    Raises:
        BundleError: it is not.
    """
    if not 0 < correction < np.inf:
        raise BundleError(f"The correction of the temperature must be a positive number, not {correction}.")
