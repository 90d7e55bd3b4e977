"""Loss and accuracy of each epoch of a training, from the description of a fitted model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class EpochMetrics:
    """Loss and accuracy of one epoch, on the training pictures and on those held out to choose the epoch.

    Attributes:
        epoch: number of the epoch, from 1; 0 for the first weights.
        train_loss: mean loss of the steps; None for the first weights.
        held_out_loss: calibrated loss of the held-out pictures.
        train_accuracy: share of the augmented training pictures that were classified correctly in the steps; None for
            the first weights, or if it was not recorded.
        held_out_accuracy: share of the held-out pictures that are classified correctly; None if it was not recorded.
        best: whether the weights after this epoch are those of the bundle.
    """

    epoch: int
    train_loss: float | None
    held_out_loss: float
    train_accuracy: float | None
    held_out_accuracy: float | None
    best: bool


def read_epochs(head: Mapping[str, Any]) -> tuple[EpochMetrics, ...]:
    """Return the epochs of a training from the key `head` of its metrics; none if the method has no epochs."""
    method = head.get("method") or {}
    loss, accuracy, best = method.get("loss"), method.get("accuracy") or {}, method.get("best_epoch")
    if not loss:
        return ()
    start = loss.get("start")
    first = [] if start is None else [_epoch(0, best, (None, start, None, accuracy.get("start")))]
    count = len(loss["held_out"])
    columns = (loss["train"], loss["held_out"], *(_column(accuracy.get(name), count) for name in ("train", "held_out")))
    return (*first, *(_epoch(number, best, row) for number, row in enumerate(zip(*columns, strict=True), start=1)))


def _column(values: Sequence[float] | None, count: int) -> Sequence[float | None]:
    return [None] * count if values is None or len(values) != count else values


def _epoch(number: int, best: int | None, row: tuple[Any, ...]) -> EpochMetrics:
    train_loss, held_out_loss, train_accuracy, held_out_accuracy = row
    return EpochMetrics(
        epoch=number,
        train_loss=train_loss,
        held_out_loss=held_out_loss,
        train_accuracy=train_accuracy,
        held_out_accuracy=held_out_accuracy,
        best=number == best,
    )
