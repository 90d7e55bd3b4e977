"""What is said to every picture by heads that learned without its group, so that labels can be doubted."""

import numpy as np

from discern.grouping import Groups
from discern.heads import Opinions, form_opinions
from discern.splitting import cross_split
from discern.training.learning import Material


def opine(material: Material, groups: Groups) -> Opinions | None:
    """Answer every labelled picture without having learned from its group.

    Returns:
        Probabilities float32 `[N, K]` and unknown scores float32 `[N]` in the catalog's order, NaN where nothing can be
        said; None where there are no two classes to tell apart.
    """
    catalog = material.catalog
    if len(catalog.labels) < 2 or not (catalog.label_index >= 0).any():
        return None
    split = cross_split(catalog, groups)
    rows = np.flatnonzero(split.learned)
    place = np.full(len(catalog), -1, np.int64)
    place[rows] = np.arange(len(rows))
    told = form_opinions(
        material.rows(rows),
        catalog.label_index[rows],
        split.fold[rows],
        classes=len(catalog.labels),
        blocks=material.backbone.blocks,
        left_out={fold: place[some][place[some] >= 0] for fold, some in split.left_out.items()},
        weights=material.learning_weights(rows, split.group[rows]),
    )
    probabilities = np.full((len(catalog), len(catalog.labels)), np.nan, np.float32)
    score = np.full(len(catalog), np.nan, np.float32)
    probabilities[rows], score[rows] = told.probabilities, told.unknown_score
    return Opinions(probabilities=probabilities, unknown_score=score)
