"""Functions that format compared training runs, and the differences of each two, for their page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from discern.evaluating import Metrics
from discern.evaluating.simplest_model import LEVEL
from discern.reporting.charts import interval_plot
from discern.reporting.formatting import (
    DASH,
    count,
    duration,
    interval_text,
    percent,
    percent_interval,
    percentage_points,
    three_decimals,
    two_decimals,
)
from discern.reporting.sections.confusion import Confusion, describe_confusion

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import ComparedModel, ComparedPair, Interval, TrainTime

_LEAST_REACH = 0.02


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """Row of the table of runs, formatted as text.

    Attributes:
        name: name of the run.
        path: its path.
        method: training method and backbone.
        accuracy: accuracy, its interval and a plot.
        validation: accuracy on the validation pictures and its interval; empty without any.
        macro_f1: macro-F1.
        error: mean absolute error; "" if the labels are neither numbers nor ordered.
        calibration: calibration error.
        size: number of weights, megabytes, and multiply-adds.
        milliseconds: time of one answer.
        cost: US dollars a month.
        training: time of the training, and what it includes.
        gate: AUROC, kept and rejected share; empty without negatives.
        recommended: True for the one to ship.
    """

    name: str
    path: str
    method: str
    accuracy: tuple[str, str, "Markup"]
    validation: tuple[str, ...]
    macro_f1: str
    error: str
    calibration: str
    size: tuple[str, str, str]
    milliseconds: str
    cost: str
    training: tuple[str, str]
    gate: tuple[tuple[str, str], ...]
    recommended: bool


@dataclass(frozen=True, kw_only=True)
class PairRow:
    """Row of the forest plot.

    Attributes:
        names: both names.
        difference: difference in percentage points, and its interval.
        plot: the interval, with a mark at 0.
        p: adjusted p-value.
        clear: True if chance alone does not explain the difference.
        wrong: number of pictures that only the first and only the second gets wrong.
    """

    names: tuple[str, str]
    difference: tuple[str, str]
    plot: "Markup"
    p: str
    clear: bool
    wrong: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """Row of the table of classes: recall, precision and F1 of each run, and the pairs that differ clearly."""

    label: str
    pictures: str
    recalls: tuple[str, ...]
    others: tuple[str, ...]
    better: tuple[str, ...]


def run_rows(models: Sequence["ComparedModel"], recommended: "ComparedModel") -> tuple[RunRow, ...]:
    """Return each run as a row of the table of runs."""
    return tuple(_run_row(each, recommended=each is recommended) for each in models)


def pair_rows(pairs: Sequence["ComparedPair"]) -> tuple[tuple[PairRow, ...], float]:
    """Return each pair as a row of the forest plot, and the largest difference on its axis."""
    ends = [end for each in pairs for end in _ends(each.pair.test.difference) if end is not None]
    reach = max([_LEAST_REACH, *map(abs, ends)])
    return tuple(_pair_row(each, reach) for each in pairs), reach


def class_rows_of_runs(models: Sequence["ComparedModel"], pairs: Sequence["ComparedPair"]) -> tuple[ClassRow, ...]:
    """Return the table of classes."""
    rows = []
    for each in zip(*(model.metrics.per_class for model in models), strict=True):
        label = each[0].label
        better = [_better(pair, label) for pair in pairs]
        rows.append(
            ClassRow(
                label=label,
                pictures=count(each[0].support),
                recalls=tuple(percent(metrics.recall.value) for metrics in each),
                others=tuple(f"{percent(metrics.precision)} / {percent(metrics.f1)}" for metrics in each),
                better=tuple(filter(None, better)),
            )
        )
    return tuple(rows)


def confusions(models: Sequence["ComparedModel"]) -> tuple[tuple[str, Confusion | None], ...]:
    """Return the confusion matrix of each run with its name."""
    return tuple((each.name, describe_confusion(replace(Metrics(), classification=each.metrics))) for each in models)


def _run_row(model: "ComparedModel", *, recommended: bool) -> RunRow:
    accuracy, gate = model.metrics.accuracy, model.stated.negatives
    shares = () if gate is None else (gate.auroc, gate.kept, gate.rejected)
    valid = model.validation
    return RunRow(
        name=model.name,
        path=model.run,
        method=f"{model.method}, {model.backbone}" if model.backbone else model.method,
        accuracy=(percent(accuracy.value), percent_interval(accuracy), interval_plot(accuracy, kind="main")),
        validation=() if valid is None else (percent(valid.value), percent_interval(valid)),
        macro_f1=percent(model.metrics.macro_f1.value),
        error="" if model.mae is None else two_decimals(model.mae),
        calibration=percent(model.stated.ece.value),
        size=(
            f"{model.parameters / 1e6:.1f} million",
            f"{model.megabytes:.1f}",
            f"{model.multiply_adds / 1e6:,.0f} million",
        ),
        milliseconds=f"{model.ms_per_picture:.1f}",
        cost=DASH if model.cost.per_month is None else f"${model.cost.per_month:,.2f}",
        training=(duration(model.training.seconds), _describe_cached(model.training)),
        gate=tuple((_share(each), interval_text(each, percent)) for each in shares),
        recommended=recommended,
    )


def _describe_cached(training: "TrainTime") -> str:
    """Say which seconds are estimated or missing; "" if the run measured all of them."""
    if training.cached == 0:
        return ""
    if training.cached is None:
        return "may lack features"
    if training.is_complete:
        return f"{duration(training.measured)} with {count(training.cached)} cached"
    return f"without {count(training.cached)} cached"


def _share(metric: "Interval") -> str:
    return DASH if metric.value is None else percent(metric.value)


def _pair_row(each: "ComparedPair", reach: float) -> PairRow:
    difference, p = each.pair.test.difference, each.pair.p
    low, high = difference.low, difference.high
    ends = difference.note or "no interval" if low is None else f"{percentage_points(low)} to {percentage_points(high)}"
    return PairRow(
        names=(each.a.name, each.b.name),
        difference=(percentage_points(difference.value), ends),
        plot=interval_plot(
            difference, start=-reach, end=reach, kind="main" if each.pair.is_clear else "plain", mark=0.0
        ),
        p="< 0.001" if p is not None and p < 0.001 else three_decimals(p),
        clear=each.pair.is_clear,
        wrong=(count(each.pair.only_first_wrong), count(each.pair.only_second_wrong)),
    )


def _ends(difference: "Interval") -> tuple[float | None, ...]:
    return difference.value, difference.low, difference.high


def _better(pair: "ComparedPair", label: str) -> str:
    """Say which of two runs is better in a class; "" if chance alone explains the difference."""
    difference, p = pair.per_class.get(label, (None, None))
    if difference is None or difference.value is None or p is None or p >= LEVEL:
        return ""
    better, worse = (pair.a, pair.b) if difference.value > 0 else (pair.b, pair.a)
    return f"{better.name} over {worse.name}, by {percentage_points(abs(difference.value))}"
