"""Rows of the parts that a data set came with, leaks included."""

import numpy as np

from discern.splitting import TEST, Split
from discern.training.data import TrainingData


def given_parts(data: TrainingData, split: Split) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return the rows of the given training and test parts, and the training rows that leak; None without parts."""
    leaks = np.zeros(len(split.fold), bool)
    leaks[split.left_out.get(TEST, [])] = True
    usable = split.train | split.test | leaks
    part = data.catalog.table["part"].fill_null("").to_numpy()
    test = usable & (part == ("test" if (part[usable] == "test").any() else "validation"))
    rows = np.flatnonzero(usable & ~test)
    if not test.any() or len(np.unique(data.catalog.label_index[rows])) < 2:
        return None
    return rows, np.flatnonzero(test), np.flatnonzero(leaks)
