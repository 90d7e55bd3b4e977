"""Labels of audited exchanges, as columns."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Audits:
    """Labelled exchanges of an audit sample in the order of their answers.

    Attributes:
        id: object `[n]`, identifiers (str).
        time: float64 `[n]`, seconds since 1970 UTC.
        confidence: float64 `[n]`, in [0, 1]; 0.5 if undefined.
        weight: float64 `[n]`, number of exchanges that each one stands for: one over the probability of its draw.
        largest_weight: the largest weight that an exchange can have.
        is_accepted: bool `[n]`, whether the prediction was accepted.
        is_right: bool `[n]`, whether the predicted label is the true one.
        is_new: bool `[n]`, whether the true label is none of the model's classes.
        mean_confidence: mean confidence of all exchanges up to the last of these.
        exchanges: number of all exchanges up to the last of these, of each picture the first.
        skipped: number of drawn exchanges among these that have no label.
        waiting: number of all drawn exchanges that have no label.
    """

    id: np.ndarray
    time: np.ndarray
    confidence: np.ndarray
    weight: np.ndarray
    largest_weight: float
    is_accepted: np.ndarray
    is_right: np.ndarray
    is_new: np.ndarray
    mean_confidence: float
    exchanges: float
    skipped: int = 0
    waiting: int = 0

    def __len__(self) -> int:
        return len(self.time)
