"""The figures, as a page shows them: beside their rivals, overall, class by class."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from discern.reporting.charts import interval_track
from discern.reporting.formatting import NONE, count, decimal, interval, percent
from discern.reporting.verdict import BASELINES

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import CalibrationError, ClassificationMetrics, Metrics


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One line of the chart that sets the leak-free accuracy beside the others."""

    name: str
    value: str
    ends: str
    track: "Markup"
    ours: bool


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The chart's lines and the ends of its axis, as shares in words."""

    lines: tuple[Compared, ...]
    start: str
    end: str


@dataclass(frozen=True, kw_only=True)
class FigureRow:
    """One figure in words."""

    name: str
    value: str
    ends: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class JudgedClass:
    """One class in words."""

    label: str
    support: str
    groups: str
    precision: str
    recall: str
    ends: str
    f1: str
    track: "Markup"


def compare(metrics: "Metrics") -> Comparison | None:
    """Leak-free, naive, as given and the baselines on one axis."""
    accuracy = metrics.accuracy
    named = [
        ("Leak-free: what to expect", accuracy.leak_free, True),
        ("Naive random split", accuracy.random_split, False),
        ("On the parts as given", accuracy.given_split, False),
        *((_capital(BASELINES.get(name, name)), baseline, False) for name, baseline in metrics.baselines.items()),
    ]
    drawn = [(name, share, ours) for name, share, ours in named if share is not None and share.value is not None]
    if not drawn:
        return None
    lowest = min(share.low or share.value or 0.0 for _, share, _ in drawn)
    start = max(0.0, np.floor(10 * lowest - 0.2) / 10)
    lines = tuple(
        Compared(
            name=name,
            value=percent(share.value),
            ends=interval(share),
            track=interval_track(share, start=start, kind="ours" if ours else "plain"),
            ours=ours,
        )
        for name, share, ours in drawn
    )
    return Comparison(lines=lines, start=percent(float(start), digits=0), end=percent(1.0))


def figure_rows(metrics: "Metrics") -> tuple[FigureRow, ...]:
    """The overall figures, each with what it means; undefined ones are left out."""
    overall = metrics.classification
    return (*(() if overall is None else (*_shares(overall), *_losses(overall))), *_calibration(metrics.ece))


def _shares(metrics: "ClassificationMetrics") -> Iterator[FigureRow]:
    shares = (
        ("Accuracy", metrics.accuracy, "the share of pictures that are named right"),
        ("Balanced accuracy", metrics.balanced_accuracy, "the same with every class counting alike, however rare"),
        ("Macro-F1", metrics.macro_f1, "false and missed alarms weighed together, every class alike"),
    )
    for name, share, meaning in shares:
        if share.value is not None:
            yield FigureRow(name=name, value=percent(share.value), ends=interval(share), meaning=meaning)


def _losses(metrics: "ClassificationMetrics") -> Iterator[FigureRow]:
    brier = "squared distance of its probabilities from the truth, 0 to 2; 0 is best"
    losses = (
        ("Log loss", metrics.log_loss, metrics.uncalibrated_log_loss, "how surprised it is by the truth; 0 is best"),
        ("Brier score", metrics.brier, metrics.uncalibrated_brier, brier),
    )
    for name, loss, uncalibrated, meaning in losses:
        if loss.value is not None:
            before = None if uncalibrated is None else uncalibrated.value
            told = meaning if before is None else f"{meaning}; {decimal(before)} before its temperature was set"
            ends = NONE if loss.low is None else f"{decimal(loss.low)} to {decimal(loss.high)}"
            yield FigureRow(name=name, value=decimal(loss.value), ends=ends, meaning=told)


def _calibration(ece: "CalibrationError") -> Iterator[FigureRow]:
    if ece.value is not None:
        chance = f"; chance alone gives up to {percent(ece.null95)}" if ece.null95 is not None else ""
        yield FigureRow(
            name="Calibration error",
            value=percent(ece.value),
            ends=interval(ece),
            meaning=f"the average gap between stated confidence and the share that is right{chance}",
        )


def judged_classes(metrics: "Metrics") -> tuple[JudgedClass, ...]:
    """The classes, the weakest recall first, those that could not be judged last."""
    classes = metrics.classification.per_class if metrics.classification else ()
    rank = sorted(classes, key=lambda each: (each.recall.value is None, each.recall.value or 0.0))
    return tuple(
        JudgedClass(
            label=each.label,
            support=count(each.support),
            groups=count(each.groups),
            precision=percent(each.precision),
            recall=percent(each.recall.value),
            ends=interval(each.recall),
            f1=percent(each.f1),
            track=interval_track(each.recall, kind="ours"),
        )
        for each in rank
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
