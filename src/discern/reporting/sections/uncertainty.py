"""Functions that build the report sections on prediction sets and out-of-distribution detection."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from discern.reporting.charts import interval_plot
from discern.reporting.formatting import count, interval_text, percent, percent_interval, plural, two_decimals

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Interval, Metrics, NegativeMetrics


@dataclass(frozen=True, kw_only=True)
class IntervalRow:
    """Table row of a share with its confidence interval, as text and plot."""

    name: str
    value: str
    ends: str
    track: "Markup"
    meaning: str = ""


@dataclass(frozen=True, kw_only=True)
class PredictionSets:
    """Contents of the prediction set section of the report."""

    target: str
    verdict: str
    guaranteed: bool
    rows: tuple[IntervalRow, ...]
    size: str
    size_ends: str
    classes: tuple[tuple[str, IntervalRow], ...]


@dataclass(frozen=True, kw_only=True)
class UnknownDetection:
    """Contents of the out-of-distribution detection section of the report."""

    usage: str
    rows: tuple[IntervalRow, ...]


def describe_sets(metrics: "Metrics") -> PredictionSets | None:
    """Build the prediction set section, or return None without prediction sets."""
    sets = metrics.conformal
    if sets is None or sets.target is None or sets.coverage.value is None:
        return None
    target, coverage, single, size = sets.target, sets.coverage, sets.single, sets.size
    rows = [interval_row("The true class is in the set", coverage, mark=target, kind="main")]
    if single.value is not None:
        rows.append(interval_row("The set has a single class", single, kind="plain"))
    evaluated = [each for each in sets.per_class if each.coverage.value is not None]
    return PredictionSets(
        target=percent(target, digits=0),
        verdict=_coverage_verdict(coverage, target),
        guaranteed=bool(sets.guaranteed),
        rows=tuple(rows),
        size=two_decimals(size.value),
        size_ends=interval_text(size) if size.low is not None else "",
        classes=tuple(
            (each.label, interval_row("", each.coverage, mark=target, kind="main"))
            for each in sorted(evaluated, key=lambda each: each.coverage.value or 0.0)
        ),
    )


def coverage_by_class(metrics: "Metrics") -> "dict[str, Interval]":
    """Return the coverage of the prediction sets for each class."""
    return {each.label: each.coverage for each in metrics.conformal.per_class} if metrics.conformal else {}


def _coverage_verdict(coverage: "Interval", target: float) -> str:
    if coverage.value is None or coverage.low is None or coverage.high is None:
        return "There are too few independent pictures to confirm the target."
    if coverage.high < target:
        return "The coverage is below the target: do not rely on the sets."
    return "The target is met." if coverage.value >= target else "The target is met within chance."


def describe_unknown_detection(metrics: "Metrics") -> UnknownDetection | None:
    """Build the out-of-distribution detection section, or return None without negatives."""
    measured = metrics.negatives
    if measured is None or (measured.rejected.value is None and measured.kept.value is None):
        return None
    named = (
        ("Negatives called unknown", measured.rejected, "main", "the higher, the better"),
        (
            "Negatives accepted",
            measured.accepted,
            "plain",
            "with a label that nobody would check; the lower, the better",
        ),
        ("Known pictures not called unknown", measured.kept, "main", "the higher, the better"),
        (
            "Separation (AUROC)",
            measured.auroc,
            "plain",
            "how often a negative has a higher unknown score than a known picture; 50 % is chance",
        ),
    )
    return UnknownDetection(
        usage=_usage(measured),
        rows=tuple(
            interval_row(name, share, kind=kind, meaning=meaning)
            for name, share, kind, meaning in named
            if share.value is not None
        ),
    )


def _usage(measured: "NegativeMetrics") -> str:
    negatives, tuned, scored = (each or 0 for each in (measured.negatives, measured.tuned, measured.scored))
    given = f"{plural(negatives, 'picture')} of none of the classes {'was' if negatives == 1 else 'were'} given"
    if measured.tuned == 0:
        return f"{given} (negatives); the model was not trained on any of them."
    if tuned + scored > negatives:
        return f"{given} (negatives); each was evaluated with a threshold that was tuned without it."
    return f"{given} (negatives): {count(tuned)} to tune the threshold, the other {count(scored)} to evaluate it."


def interval_row(
    name: str, share: "Interval", *, kind: str, mark: float | None = None, meaning: str = ""
) -> IntervalRow:
    """Return a share with its interval as a table row.

    Args:
        name: name of the share.
        share: the share.
        kind: CSS class of the plot.
        mark: target value, drawn as a vertical line.
        meaning: explanation.
    """
    return IntervalRow(
        name=name,
        value=percent(share.value),
        ends=percent_interval(share),
        track=interval_plot(share, kind=kind, mark=mark),
        meaning=meaning,
    )
