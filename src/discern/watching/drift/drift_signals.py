"""Signals of captured exchanges, and their ranks among those of the reference."""

from collections.abc import Sequence

import numpy as np

from discern.bundle.reference_pictures import SIGNALS, ReferencePictures, project
from discern.watching.drift.class_ranks import ClassRanks, uniform_of
from discern.watching.stores.exchange_store import ExchangeColumns

SIDES = {
    "unknown": (1,),
    "confidence": (-1,),
    "distance": (1,),
    "brightness": (1, -1),
    "sharpness": (1, -1),
    "size": (1, -1),
}
"""Directions of change that raise an alarm: 1 for larger, -1 for smaller values.

A lower unknown score, higher confidence and a shorter distance are benign: the final model, which was fitted on more
pictures than those that predicted the reference, may have them without any drift.
"""

_CONFIDENCE = SIGNALS.index("confidence")
_CONFIDENCE_DECIMALS, _DECIMALS = 3, 5  # not tuned


def signals_of(columns: ExchangeColumns, reference: ReferencePictures, labels: Sequence[str]) -> np.ndarray:
    """Return the signals of exchanges, float64 `[n, 6]` in the order of `SIGNALS`, NaN where they are unknown.

    Args:
        columns: the exchanges.
        reference: the reference of their model.
        labels: the model's labels.
    """
    return np.column_stack(
        [
            columns.unknown_score,
            columns.confidence,
            _distance(columns.embedding, label_index(columns.label, labels), reference),
            columns.brightness,
            columns.sharpness,
            np.sqrt(columns.width.astype(float) * columns.height),
        ]
    ).astype(np.float64)


def label_index(label: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Return the index of each label, int64 `[n]`, -1 for one that the model lacks."""
    index = {name: number for number, name in enumerate(labels)}
    return np.array([index.get(name, -1) for name in label], np.int64)


def _distance(embedding: np.ndarray | None, label: np.ndarray, reference: ReferencePictures) -> np.ndarray:
    """Return the cosine distance of projected embeddings to the centre of the predicted class, NaN if unknown."""
    if embedding is None or not len(reference.centres):
        return np.full(len(label), np.nan)
    centres = reference.centres.astype(np.float32)
    distance = 1 - (project(embedding, centres.shape[1]) * centres[np.maximum(label, 0)]).sum(axis=1)
    return np.where(label >= 0, distance, np.nan)


def _coarsen(signals: np.ndarray) -> np.ndarray:
    """Round signals, so that engines which differ by a millionth rank many a confidence of almost 1 alike."""
    coarse = np.round(signals.astype(np.float32).astype(float), _DECIMALS)
    coarse[:, _CONFIDENCE] = np.round(coarse[:, _CONFIDENCE], _CONFIDENCE_DECIMALS)
    return np.asarray(coarse)


class SignalRanks:
    """Ranks of the signals of exchanges among those of the reference.

    Args:
        reference: the reference; signals that it lacks are left out.
    """

    def __init__(self, reference: ReferencePictures) -> None:
        pictures = np.arange(len(reference))
        self.names = tuple(name for at, name in enumerate(SIGNALS) if not np.isnan(reference.signals[0, at]))
        self._at = [SIGNALS.index(name) for name in self.names]
        label = reference.label.astype(np.int64)
        signals = _coarsen(reference.signals)
        self._ranks = [ClassRanks(signals[:, at], label, uniform_of(-1 - pictures, at)) for at in self._at]

    def rank(self, signals: np.ndarray, label: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return the rank of each signal, int64 `[g, len(names)]`, -1 where the signal is NaN.

        Args:
            signals: float `[g, 6]`, as `signals_of` returns them.
            label: int `[g]`, predicted labels.
            number: int64 `[g]`, numbers of the exchanges, by which ties are broken.
        """
        ranks, coarse = np.full((len(signals), len(self.names)), -1), _coarsen(signals)
        for column, (at, each) in enumerate(zip(self._at, self._ranks, strict=True)):
            values = coarse[:, at]
            found = each.rank(np.nan_to_num(values), label, uniform_of(number, at))
            ranks[:, column] = np.where(np.isnan(values), -1, found)
        return ranks

    def normal(self, ranks: np.ndarray) -> np.ndarray:
        """Return ranks as normal scores, float `[g, len(names)]`, 0 where they are unknown."""
        return np.where(ranks < 0, 0, self._ranks[0].normal(np.maximum(ranks, 0)))
