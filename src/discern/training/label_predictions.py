"""What is said to every picture by heads that learned without its group, so that labels can be doubted."""

import numpy as np

from discern.heads import OutOfFoldPredictions, predict_out_of_fold
from discern.splitting import Split
from discern.training.fit import TrainingData


def predict_for_label_checks(material: TrainingData, split: Split) -> OutOfFoldPredictions:
    """Answer every labelled picture without having learned from its group.

    Args:
        material: N pictures of two classes or more.
        split: a cross-validation over all of them.

    Returns:
        Probabilities float32 `[N, K]` and unknown scores float32 `[N]` in the catalog's order, NaN where nothing can be
        said.
    """
    catalog = material.catalog
    rows = np.flatnonzero(split.train)
    told = predict_out_of_fold(
        material.rows(rows),
        catalog.label_index[rows],
        split.fold[rows],
        classes=len(catalog.labels),
        blocks=material.backbone.blocks,
        left_out=split.left_out_among(rows),
        weights=material.learning_weights(rows, split.group[rows]),
    )
    probabilities = np.full((len(catalog), len(catalog.labels)), np.nan, np.float32)
    score = np.full(len(catalog), np.nan, np.float32)
    probabilities[rows], score[rows] = told.probabilities, told.unknown_score
    return OutOfFoldPredictions(probabilities=probabilities, unknown_score=score)
