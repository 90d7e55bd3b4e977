"""Functions that compute out-of-fold predictions for finding label errors."""

import numpy as np

from discern.heads import OutOfFoldPredictions, predict_out_of_fold
from discern.splitting import Split
from discern.training.data import TrainingData


def predict_for_label_checks(data: TrainingData, split: Split) -> OutOfFoldPredictions:
    """Compute out-of-fold predictions of all labelled images for finding label errors.

    Args:
        data: N pictures of two classes or more.
        split: a cross-validation over all of them.

    Returns:
        Probabilities float32 `[N, K]` and unknown scores float32 `[N]` in the order of the catalog; NaN for pictures
        that are in no fold.
    """
    catalog = data.catalog
    rows = np.flatnonzero(split.train)
    predictions = predict_out_of_fold(
        data.rows(rows),
        catalog.label_index[rows],
        split.fold[rows],
        classes=len(catalog.labels),
        blocks=data.backbone.blocks,
        left_out=split.left_out_among(rows),
        weights=data.training_weights(rows, split.group[rows]),
        spaces=data.spaces.of(rows),
    )
    probabilities = np.full((len(catalog), len(catalog.labels)), np.nan, np.float32)
    score = np.full(len(catalog), np.nan, np.float32)
    probabilities[rows], score[rows] = predictions.probabilities, predictions.unknown_score
    return OutOfFoldPredictions(probabilities=probabilities, unknown_score=score)
