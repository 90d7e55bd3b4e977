"""Pilot of a training method: its gain over the probe on held-out training groups, and the decision that follows."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from discern.evaluating import Interval, describe_points, paired_difference
from discern.splitting import Split
from discern.training.data import TrainingData
from discern.training.predictions import Predictions

EPOCHS = 2
MOST_FOLDS = 3
"""Passes of a pilot, and folds that it may take to decide; not tuned."""


class Verdict(Enum):
    """Decision on the gain of a pilot.

    WORTH: it is above what chance explains.
    NOT_WORTH: there is none.
    OPEN: there is one, but chance explains it.
    """

    WORTH = "worth"
    NOT_WORTH = "not worth"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class PilotGain:
    """Gain in accuracy over the probe on held-out pictures of the training part.

    Attributes:
        gain: accuracy minus that of the probe, with its interval over groups.
        pictures: number of pictures.
    """

    gain: Interval
    pictures: int

    @property
    def verdict(self) -> Verdict:
        """Return the decision; without an interval the gain remains open unless there is none."""
        if (self.gain.value or 0.0) <= 0:
            return Verdict.NOT_WORTH
        return Verdict.WORTH if self.gain.low is not None and self.gain.low > 0 else Verdict.OPEN

    def describe(self) -> str:
        """Describe the gain in points with its interval."""
        return describe_points(self.gain)

    def to_json(self) -> dict[str, Any]:
        """Return the gain in JSON-ready values."""
        return {"pictures": self.pictures, **{name: getattr(self.gain, name) for name in ("value", "low", "high")}}


def measure_gain(
    data: TrainingData, split: Split, probe: Predictions, other: Predictions, *, among: np.ndarray | None = None
) -> PilotGain:
    """Measure the gain of predictions over those of the probe on the pictures that both have.

    Args:
        data: the pictures.
        split: their groups.
        probe: predictions of the probe.
        other: predictions of the other method.
        among: catalog rows to measure on; None for all.
    """
    rows, first, second = np.intersect1d(other.rows, probe.rows, return_indices=True)
    if among is not None:
        kept = np.isin(rows, among)
        rows, first, second = rows[kept], first[kept], second[kept]
    truth = data.catalog.label_index[rows]
    right = other.probabilities[first].argmax(axis=1) == truth
    right_before = probe.probabilities[second].argmax(axis=1) == truth
    gain = paired_difference(right, right_before, groups=split.group[rows], weights=data.weights(rows))
    return PilotGain(gain=gain, pictures=len(rows))


def gains_of_folds(
    data: TrainingData, split: Split, probe: Predictions, folds: Iterator[Predictions]
) -> Iterator[PilotGain]:
    """Yield the gain on the first fold, on the first two, and so on, until it is decided."""
    joined: list[Predictions] = []
    for answers in folds:
        joined.append(answers)
        every = Predictions(
            rows=np.concatenate([each.rows for each in joined]),
            probabilities=np.concatenate([each.probabilities for each in joined]),
        )
        found = measure_gain(data, split, probe, every)
        yield found
        if found.verdict is not Verdict.OPEN or len(joined) == MOST_FOLDS:
            return
