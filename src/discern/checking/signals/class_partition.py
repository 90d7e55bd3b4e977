"""Functions that partition classes into two sets by their confusion matrix.

Two file formats cannot identify ten classes, but may separate five from five.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_FEWEST_CLASSES = 4


def partition_classes(predicted: Ints, labels: Ints) -> Bools | None:
    """Partition the classes into the two sets with the least confusion between them.

    A spectral cut is used. Each set has two classes or more.

    Args:
        predicted: int [M], predicted classes.
        labels: int [M], in 0..K - 1.

    Returns:
        bool [K], True in one set; None for fewer than four classes.
    """
    classes = int(labels.max()) + 1
    if classes < _FEWEST_CLASSES:
        return None
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels, predicted), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    order = np.argsort(_fiedler_vector(shares + shares.T), kind="stable")
    sorted_shares = shares[order][:, order]
    size = np.arange(1, classes + 1)
    # For each cut: the mean share of predictions before it, of the classes before it and of those after it.
    before = np.cumsum(sorted_shares, axis=1)
    above = np.cumsum(before, axis=0)[size - 1, size - 1]
    difference = above / size - (before.sum(axis=0) - above) / np.maximum(classes - size, 1)
    cut = 2 + int(difference[1 : classes - 2].argmax())
    side: Bools = np.zeros(classes, bool)
    side[order[:cut]] = True
    return side


def predict_partition(predicted: Ints, labels: Ints, fold: Ints) -> Bools | None:
    """Evaluate a partition of the classes into two sets by cross-validation.

    The partition is fitted on the other folds.

    Args:
        predicted: int [M], predicted classes.
        labels: int [M], in 0..K - 1, each in at least two folds.
        fold: int [M].

    Returns:
        bool [M], True if prediction and label are on the same side; None for fewer than four classes.
    """
    correct: Bools = np.zeros(len(labels), bool)
    for number in np.unique(fold).tolist():
        held_out = fold == number
        side = partition_classes(predicted[~held_out], labels[~held_out])
        if side is None:
            return None
        correct[held_out] = side[predicted[held_out]] == side[labels[held_out]]
    return correct


def _fiedler_vector(similarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the second eigenvector of the normalised graph cut (Fiedler vector).

    Similar classes have close values.
    """
    scale = 1 / np.sqrt(np.maximum(similarity.sum(axis=1), 1e-12))
    _, vectors = np.linalg.eigh(similarity * scale[:, None] * scale)
    direction: NDArray[np.float64] = vectors[:, -2] * scale
    return direction
