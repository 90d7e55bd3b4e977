"""Whether guesses tell some classes from all the others: two formats cannot name ten classes, but may part them."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_FEWEST_CLASSES = 4


def partition_classes(answer: Ints, labels: Ints) -> Bools | None:
    """The set of classes that is confused least with the rest, by a spectral cut: two classes or more on each side.

    Args:
        answer: int [M], guessed classes.
        labels: int [M], in 0..K - 1.

    Returns:
        Bool [K], True on one side; None for fewer than four classes.
    """
    classes = int(labels.max()) + 1
    if classes < _FEWEST_CLASSES:
        return None
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels, answer), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    order = np.argsort(_second_direction(shares + shares.T), kind="stable")
    sorted_shares = shares[order][:, order]
    size = np.arange(1, classes + 1)
    # The mean share that classes up to the cut, and those after it, have of answers up to the cut.
    before = np.cumsum(sorted_shares, axis=1)
    above = np.cumsum(before, axis=0)[size - 1, size - 1]
    ahead = above / size - (before.sum(axis=0) - above) / np.maximum(classes - size, 1)
    cut = 2 + int(ahead[1 : classes - 2].argmax())
    side: Bools = np.zeros(classes, bool)
    side[order[:cut]] = True
    return side


def predict_partition(answer: Ints, labels: Ints, fold: Ints) -> Bools | None:
    """Whether the guess is on the side of the label: bool [M]; the sides of a fold are found in the other folds.

    Args:
        answer: int [M], guessed classes.
        labels: int [M], in 0..K - 1, each in at least two folds.
        fold: int [M].
    """
    right: Bools = np.zeros(len(labels), bool)
    for number in np.unique(fold).tolist():
        held = fold == number
        side = partition_classes(answer[~held], labels[~held])
        if side is None:
            return None
        right[held] = side[answer[held]] == side[labels[held]]
    return right


def _second_direction(likeness: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of normalised cuts: float64 [K], alike for classes that are alike."""
    scale = 1 / np.sqrt(np.maximum(likeness.sum(axis=1), 1e-12))
    _, vectors = np.linalg.eigh(likeness * scale[:, None] * scale)
    direction: NDArray[np.float64] = vectors[:, -2] * scale
    return direction
