"""Functions that predict held-out images with simple baseline classifiers."""

import numpy as np

from discern.heads import baselines
from discern.splitting import TEST, Split
from discern.store import Rows
from discern.training.data import TrainingData


def predict_baselines(data: TrainingData, split: Split, rows: np.ndarray, *, seed: int) -> dict[str, np.ndarray]:
    """Predict the classes of held-out images with simple baselines on colours and pixels.

    Args:
        data: the training data.
        split: the split that `rows` are held out in.
        rows: int `[M]`, catalog rows.
        seed: random seed.

    Returns:
        Probabilities `[M, K]` by name.
    """
    both = np.union1d(split.training_rows(TEST), rows)
    fold = np.where(split.test, 0, -1) if split.method == "test-part" else split.fold
    place, thumbs = np.searchsorted(both, rows), data.catalog.thumbs
    predictions = baselines(
        thumbs.select(both) if isinstance(thumbs, Rows) else thumbs[both],
        data.catalog.label_index[both],
        fold[both],
        classes=len(data.catalog.labels),
        outer_folds=(0,) if split.method == "test-part" else split.held_out,
        weights=data.weights(both),
        seed=seed,
    )
    return {name: probabilities[place] for name, probabilities in predictions.items()}
