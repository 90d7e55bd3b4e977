"""Function that builds the section of the report on the course of the training."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from discern.evaluating import EpochMetrics, read_epochs
from discern.reporting.charts import epoch_curves
from discern.reporting.formatting import DASH, percent

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Metrics


@dataclass(frozen=True, kw_only=True)
class EpochRow:
    """Row of the table of epochs, formatted as text."""

    epoch: str
    train_loss: str
    held_out_loss: str
    train_accuracy: str
    held_out_accuracy: str
    best: bool


@dataclass(frozen=True, kw_only=True)
class TrainingCurves:
    """Contents of the section on the course of the training.

    `accuracy` is None if it was not recorded; `pictures` counts those of each part.
    """

    loss: "Markup"
    accuracy: "Markup | None"
    rows: tuple[EpochRow, ...]
    best: int
    epochs: int
    why: str
    trained: int | None
    held_out: int | None


def describe_training(metrics: "Metrics") -> TrainingCurves | None:
    """Build the section on the course of the training, or return None if the method has no epochs."""
    epochs = read_epochs(metrics.head)
    best = next((each.epoch for each in epochs if each.best), None)
    if best is None:
        return None
    method = metrics.head["method"]
    pictures = method.get("pictures") or {}
    known = [each for each in epochs if each.held_out_accuracy is not None]
    return TrainingCurves(
        loss=epoch_curves(
            [(each.epoch, each.train_loss) for each in epochs if each.train_loss is not None],
            [(each.epoch, each.held_out_loss) for each in epochs],
            best=best,
            up="loss",
            number=lambda loss: f"{loss:.3g}",
        ),
        accuracy=None if not known else _plot_accuracy(known, best),
        rows=tuple(_row(each) for each in epochs),
        best=best,
        epochs=epochs[-1].epoch,
        why=str(method.get("why") or ""),
        trained=pictures.get("train"),
        held_out=pictures.get("stop"),
    )


def _plot_accuracy(epochs: list[EpochMetrics], best: int) -> "Markup":
    return epoch_curves(
        [(each.epoch, each.train_accuracy) for each in epochs if each.train_accuracy is not None],
        [(each.epoch, each.held_out_accuracy) for each in epochs if each.held_out_accuracy is not None],
        best=best,
        up="accuracy",
        number=lambda share: percent(share, digits=0),
        most=1.0,
    )


def _row(each: EpochMetrics) -> EpochRow:
    return EpochRow(
        epoch=str(each.epoch),
        train_loss=_decimal(each.train_loss),
        held_out_loss=_decimal(each.held_out_loss),
        train_accuracy=percent(each.train_accuracy),
        held_out_accuracy=percent(each.held_out_accuracy),
        best=each.best,
    )


def _decimal(number: float | None) -> str:
    return DASH if number is None else f"{number:.3f}"
