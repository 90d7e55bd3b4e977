"""Most recent independent exchanges, of which examples of a change are chosen."""

from collections.abc import Sequence
from typing import Any

import numpy as np

MOST = 512
"""Number of exchanges that are remembered; not tuned."""


class RecentExchanges:
    """Memory of the last independent exchanges with their signals.

    Args:
        signals: number of signals S.
        dimensions: number of dimensions d of projected embeddings, 0 without embeddings.

    Attributes:
        ids: identifiers.
        index: int64 `[n]`, position of each in the sequence of all independent exchanges.
        time: float64 `[n]`, seconds since 1970 UTC.
        values: float32 `[n, S]`, the signals.
        extremes: float32 `[n, S + 1]`, their normal scores, and the score of the two-sample classifier.
        projected: float32 `[n, d]`, projected embeddings.
    """

    def __init__(self, signals: int, dimensions: int) -> None:
        self.ids: list[str] = []
        self.index = np.empty(0, np.int64)
        self.time = np.empty(0)
        self.values = np.empty((0, signals), np.float32)
        self.extremes = np.empty((0, signals + 1), np.float32)
        self.projected = np.empty((0, dimensions), np.float32)

    def add(self, ids: Sequence[str], **columns: np.ndarray) -> None:
        """Remember further exchanges, with the attributes by their names."""
        self.ids = [*self.ids, *ids][-MOST:]
        for name, values in columns.items():
            kept: np.ndarray = getattr(self, name)
            setattr(self, name, np.concatenate([kept, values.astype(kept.dtype)])[-MOST:])

    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything but the identifiers."""
        return {name: values for name, values in vars(self).items() if name != "ids"}

    def restore(self, ids: Sequence[Any], arrays: dict[str, np.ndarray]) -> None:
        """Take over identifiers and `arrays`."""
        self.ids = [str(each) for each in ids]
        vars(self).update({name: arrays[name] for name in self.arrays()})
