"""Settings of the training loop of a network."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np

from discern.training.methods.loop.torch_augmentation import LIGHT, STRONG, Augmentation
from discern.training.methods.loop.torch_balance import NONE, SAMPLING, balance_weights, check_balance

_NOT_RESULT = ("workers", "seconds_between_saves")


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """Settings of a training loop.

    Attributes:
        epochs: maximum number of passes over the training pictures.
        batch: number of pictures in a step, those of all processes together.
        lr: highest learning rate, reached after a warm-up and lowered along a cosine.
        seed: random seed.
        augment: "none", "light" or "strong"; see `Augmentation`. "strong" also mixes pictures.
        mirror: whether the augmentation mirrors pictures.
        balance: "weights" (of all labels alike), "sampling" (as many pictures of each label) or "none".
        ordered: whether the labels are in ascending order, which the loss then follows.
        label_smoothing: share of each label that is spread over all labels.
        weight_decay: decay of the weights that decay; None for the network's own.
        accumulate: parts of a step that are computed one after another, to save memory.
        workers: threads that prepare pictures in advance; with 0 they are prepared as they are needed.
        seconds_between_saves: shortest time between checkpoints, longer where saving takes long; with 0 each step is
            saved.

    Raises:
        UsageError: the augmentation or the balance is unknown.
    """

    epochs: int
    batch: int
    lr: float
    seed: int = 0
    augment: str = LIGHT
    mirror: bool = True
    balance: str = NONE
    ordered: bool = False
    label_smoothing: float = 0.0
    weight_decay: float | None = None
    accumulate: int = 1
    workers: int = 0
    seconds_between_saves: float = 10.0  # not tuned

    def __post_init__(self) -> None:
        check_balance(self.balance)
        self.augmentation  # noqa: B018 - checks its level

    @classmethod
    def of(cls, settings: Mapping[str, Any], **more: Any) -> Self:
        """Take the settings of the loop from those of a method."""
        names = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in settings.items() if name in names}, **more)

    @property
    def augmentation(self) -> Augmentation:
        """Return the change of each picture."""
        return Augmentation(level=self.augment, mirror=self.mirror)

    @property
    def mixes(self) -> bool:
        """Return True if the pictures of a step are mixed."""
        return self.augment == STRONG

    def facts(self) -> dict[str, Any]:
        """Return the settings that determine the trained weights."""
        return {name: value for name, value in asdict(self).items() if name not in _NOT_RESULT}

    def balanced(self, weights: np.ndarray, labels: np.ndarray, *, drawn: bool = False) -> np.ndarray:
        """Scale sample weights by the balance of labels.

        Args:
            weights: float64 `[n]`.
            labels: int `[n]`.
            drawn: whether the pictures are drawn by the balance, too, so that weights need not make up for numbers.
        """
        if self.balance == NONE or not len(labels):
            return weights
        balanced = balance_weights(weights, labels)
        if drawn and self.balance == SAMPLING:
            _, place = np.unique(labels, return_inverse=True)
            share = np.bincount(place) / len(labels)
            balanced = balanced * (share * len(share))[place]
        return balanced
