"""What a row of probabilities comes to beside its top class: a set of labels, and a place on a scale."""

import numpy as np


def label_sets(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Which labels are in each picture's set: the most probable one, and all from the threshold on.

    Args:
        probabilities: float `[M, K]`, calibrated.
        threshold: a probability in [0, 1]; 0 lets every label in.

    Returns:
        bool `[M, K]`, at least one in each row.
    """
    sets = np.asarray(probabilities, np.float64) >= threshold
    sets[np.arange(len(sets)), np.argmax(probabilities, axis=1)] = True
    return sets


def median_label(probabilities: np.ndarray) -> np.ndarray:
    """The label in the middle of each row's probability, for labels whose order means something.

    No other answer has a smaller expected distance from the truth, counted in labels.

    Args:
        probabilities: float `[M, K]`, columns in the labels' order.

    Returns:
        int64 `[M]`, in 0..K-1; of two middles the first.
    """
    below = np.cumsum(probabilities, axis=1, dtype=np.float64)
    return np.asarray(np.argmax(below >= below[:, -1:] / 2, axis=1))


def expected_rank(probabilities: np.ndarray) -> np.ndarray:
    """Where each row lies between the first label (0) and the last (K - 1) on average, for ordered labels.

    Args:
        probabilities: float `[M, K]`, columns in the labels' order.

    Returns:
        float64 `[M]`, in 0..K-1.
    """
    masses = np.asarray(probabilities, np.float64)
    last = masses.shape[1] - 1
    ranks = masses @ np.arange(last + 1.0) / masses.sum(axis=1)
    return np.asarray(np.clip(ranks, 0, last))
