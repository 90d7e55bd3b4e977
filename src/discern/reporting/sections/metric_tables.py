"""Functions that build the metric tables and the accuracy comparison of the report."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from discern.reporting.charts import interval_plot
from discern.reporting.formatting import DASH, chance_level, count, percent, percent_interval, three_decimals
from discern.reporting.verdict import BASELINE_NAMES

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import CalibrationError, ClassificationMetrics, Interval, Metrics


@dataclass(frozen=True, kw_only=True)
class ComparedAccuracy:
    """Accuracy shown in the comparison chart of the report."""

    name: str
    value: str
    ends: str
    track: "Markup"
    leak_free: bool


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Chart that compares accuracies on a shared axis."""

    lines: tuple[ComparedAccuracy, ...]
    start: str
    end: str


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """Row of the overall metrics table, formatted as text."""

    name: str
    value: str
    ends: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class ClassMetricsRow:
    """Row of the class metrics table, formatted as text.

    `ends` are those of the recall's interval; the others are "" where there is none.
    """

    label: str
    support: str
    groups: str
    precision: str
    precision_ends: str
    recall: str
    ends: str
    f1: str
    f1_ends: str
    track: "Markup"


def compare_accuracies(metrics: "Metrics") -> Comparison | None:
    """Compare leak-free, random-split, given-split and baseline accuracies on one axis."""
    accuracy = metrics.accuracy
    named = [
        ("Leak-free", accuracy.leak_free, True),
        ("Random split, ignoring groups", accuracy.random_split, False),
        ("Given parts, leaks included", accuracy.given_split, False),
        *((_capital(BASELINE_NAMES.get(name, name)), baseline, False) for name, baseline in metrics.baselines.items()),
    ]
    drawn = [(name, share, first) for name, share, first in named if share is not None and share.value is not None]
    if not drawn:
        return None
    lowest = min(share.low or share.value or 0.0 for _, share, _ in drawn)
    start = max(0.0, np.floor(10 * lowest - 0.2) / 10)
    lines = tuple(
        ComparedAccuracy(
            name=name,
            value=percent(share.value),
            ends=percent_interval(share),
            track=interval_plot(share, start=start, kind="main" if first else "plain"),
            leak_free=first,
        )
        for name, share, first in drawn
    )
    return Comparison(lines=lines, start=percent(float(start), digits=0), end=percent(1.0))


def metric_rows(metrics: "Metrics") -> tuple[MetricRow, ...]:
    """Return the defined overall metrics as table rows with explanations."""
    overall = metrics.classification
    return (*(() if overall is None else (*_shares(overall), *_losses(overall))), *_calibration(metrics.ece))


def _shares(metrics: "ClassificationMetrics") -> Iterator[MetricRow]:
    shares = (
        ("Accuracy", metrics.accuracy, "share of pictures predicted correctly"),
        ("Balanced accuracy", metrics.balanced_accuracy, "the same with equal weight for every class, however rare"),
        ("Macro-F1", metrics.macro_f1, "balance of recall and precision, with equal weight for every class"),
    )
    for name, share, meaning in shares:
        if share.value is not None:
            yield MetricRow(name=name, value=percent(share.value), ends=percent_interval(share), meaning=meaning)


def _losses(metrics: "ClassificationMetrics") -> Iterator[MetricRow]:
    brier = "squared distance of the probabilities from the truth, 0 to 2; 0 is best"
    losses = (
        (
            "Log loss",
            metrics.log_loss,
            metrics.uncalibrated_log_loss,
            "penalty for a low probability of the true class; 0 is best",
        ),
        ("Brier score", metrics.brier, metrics.uncalibrated_brier, brier),
    )
    for name, loss, uncalibrated, meaning in losses:
        if loss.value is not None:
            before = None if uncalibrated is None else uncalibrated.value
            text = meaning if before is None else f"{meaning}; {three_decimals(before)} before calibration"
            ends = DASH if loss.low is None else f"{three_decimals(loss.low)} to {three_decimals(loss.high)}"
            yield MetricRow(name=name, value=three_decimals(loss.value), ends=ends, meaning=text)


def _calibration(ece: "CalibrationError") -> Iterator[MetricRow]:
    if ece.value is not None:
        chance = chance_level(ece)
        yield MetricRow(
            name="Calibration error",
            value=percent(ece.value),
            ends=percent_interval(ece),
            meaning="average gap between stated confidence and the share of correct predictions"
            + (f"; {chance}" if chance else ""),
        )


def class_rows(metrics: "Metrics") -> tuple[ClassMetricsRow, ...]:
    """Return the metrics of each class as table rows, sorted by ascending recall."""
    classes = metrics.classification.per_class if metrics.classification else ()
    rank = sorted(classes, key=lambda each: (each.recall.value is None, each.recall.value or 0.0))
    return tuple(
        ClassMetricsRow(
            label=each.label,
            support=count(each.support),
            groups=count(each.groups),
            precision=percent(each.precision),
            precision_ends=_ends(each.precision_interval),
            recall=percent(each.recall.value),
            ends=percent_interval(each.recall),
            f1=percent(each.f1),
            f1_ends=_ends(each.f1_interval),
            track=interval_plot(each.recall, kind="main"),
        )
        for each in rank
    )


def _ends(share: "Interval | None") -> str:
    return "" if share is None or share.low is None else percent_interval(share)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
