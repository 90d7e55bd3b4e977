"""Functions that compute the accuracy by the distance to the nearest learned picture."""

import numpy as np

from discern.evaluating import DistanceBin, evaluate_share
from discern.heads import nearest_learned
from discern.splitting import TEST, Split
from discern.training.data import TrainingData
from discern.training.predictions import HeldOutPredictions

# Not tuned: pictures in a bin, number of bins, and the sample that bounds the time.
_PER_BIN, _MOST_BINS = 30, 5
_MOST_MEASURED = 2000


def compute_distance_curve(
    data: TrainingData,
    split: Split,
    held_out: HeldOutPredictions,
    rows: np.ndarray,
    coordinates: np.ndarray,
    *,
    seed: int,
) -> tuple[DistanceBin, ...]:
    """Compute the leak-free accuracy by the distance of the embeddings to the nearest learned picture.

    Args:
        data: the training data.
        split: the split.
        held_out: the predictions that the accuracy was measured on.
        rows: int `[N]`, rising catalog rows of all pictures of the split.
        coordinates: float32 `[N, r]`, their coordinates.
        seed: random seed of the sample of a large data set.

    Returns:
        Up to five bins with about the same number of pictures each; none with fewer than two.
    """
    measured = np.sort(np.random.default_rng(seed).permutation(len(held_out.rows))[:_MOST_MEASURED])
    bins = min(_MOST_BINS, len(measured) // _PER_BIN)
    if bins < 2:
        return ()
    distance = _distances(split, held_out.rows[measured], rows, coordinates)
    correct = held_out.probabilities[measured].argmax(axis=1) == data.catalog.label_index[held_out.rows[measured]]
    parts = np.array_split(np.argsort(distance, kind="stable"), bins)
    return tuple(_bin(data, split, held_out.rows[measured][part], correct[part], distance[part]) for part in parts)


def _distances(split: Split, measured: np.ndarray, rows: np.ndarray, coordinates: np.ndarray) -> np.ndarray:
    """Return the distance of each measured picture to the nearest one that was learned when it was predicted."""
    distance = np.zeros(len(measured), np.float32)
    rounds = (TEST,) if split.method == "test-part" else split.held_out
    for number in rounds:
        own = np.flatnonzero(np.isin(measured, split.held_out_rows(number)))
        learned = np.searchsorted(rows, split.training_rows(number))
        if len(own):
            places = np.searchsorted(rows, measured[own])
            distance[own] = nearest_learned(coordinates[places], coordinates[learned])[1]
    return distance


def _bin(data: TrainingData, split: Split, rows: np.ndarray, correct: np.ndarray, distance: np.ndarray) -> DistanceBin:
    accuracy = evaluate_share(correct, groups=split.group[rows], weights=data.weights(rows))
    return DistanceBin(low=float(distance[0]), high=float(distance[-1]), pictures=len(rows), accuracy=accuracy)
