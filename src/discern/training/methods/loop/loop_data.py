"""Pictures that a training loop reads, and the course of a fit."""

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

from discern.training.methods.loop.torch_pictures import Pictures


@dataclass(frozen=True, kw_only=True, eq=False)
class LoopData:
    """Pictures and labels of a fit.

    Attributes:
        pictures: all pictures.
        labels: int `[M]`, their labels.
        weights: float `[M]`, their sample weights.
        train: int, positions of the pictures to train on.
        stop: int, positions of the pictures that choose the epoch, from groups that are not trained on.
    """

    pictures: Pictures
    labels: np.ndarray
    weights: np.ndarray
    train: np.ndarray
    stop: np.ndarray

    def digest(self) -> str:
        """Return a hash of pictures, labels, weights and parts."""
        arrays = (self.pictures.seeds, self.labels, self.weights, self.train, self.stop)
        return hashlib.sha256(b"".join(np.ascontiguousarray(each).tobytes() for each in arrays)).hexdigest()


@dataclass(kw_only=True)
class History:
    """Course of a fit.

    Attributes:
        train_loss: mean loss of each epoch's steps.
        stop_loss: calibrated loss after each epoch on the pictures that choose the epoch: the log loss, or the ordinal
            loss of labels with an order.
        start_loss: the same of the first weights; None if they are not a candidate.
        start_accuracy: their accuracy on the same pictures; None likewise.
        train_accuracy: share of the augmented training pictures that each epoch's steps classified correctly.
        stop_accuracy: share of the pictures that choose the epoch that are classified correctly after each epoch.
    """

    train_loss: list[float] = field(default_factory=list)
    stop_loss: list[float] = field(default_factory=list)
    start_loss: float | None = None
    start_accuracy: float | None = None
    train_accuracy: list[float] = field(default_factory=list)
    stop_accuracy: list[float] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """Return the number of the epoch with the lowest loss, from 1, or 0 for the start; the first of equal ones."""
        start = math.inf if self.start_loss is None else self.start_loss
        return int(np.argmin([start, *self.stop_loss]))

    @property
    def best_loss(self) -> float | None:
        """Return the lowest loss so far."""
        losses = [*self.stop_loss] if self.start_loss is None else [self.start_loss, *self.stop_loss]
        return min(losses, default=None)
