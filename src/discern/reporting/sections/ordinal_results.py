"""Answers on a scale: how many steps they are off, beside always answering the middle."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from discern.bundle import median_label
from discern.reporting.charts import interval_track, paired_bars
from discern.reporting.formatting import ends, percent, plural, steps
from discern.reporting.sections.prediction_table import PredictionTable

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Interval, Metrics, OrderedLabelMetrics

_FARTHEST = 4


@dataclass(frozen=True, kw_only=True)
class Rival:
    """One line: mean steps off, of ours or of the constant answer."""

    name: str
    value: str
    ends: str
    track: "Markup"
    ours: bool


@dataclass(frozen=True, kw_only=True)
class Distance:
    """How many answers are so many steps off, ours and the constant's."""

    name: str
    share: str
    constant: str
    bar: "Markup"


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """The section on the order of the classes."""

    labels: tuple[str, ...]
    constant: str
    rivals: tuple[Rival, ...]
    end: str
    gain: str
    within_one: str
    figures: tuple[tuple[str, str, str, str], ...]
    distances: tuple[Distance, ...]


def describe_order(metrics: "Metrics", answers: PredictionTable, labels: tuple[str, ...]) -> Ordered | None:
    """The section, or None where the classes have no order.

    Args:
        metrics: a run's metrics.
        answers: held-out answers.
        labels: the catalog's, which `answers` counts in.
    """
    measured = metrics.ordered
    if measured is None or measured.mae.value is None:
        return None
    shown = [each for each in (measured.mae, measured.constant_mae) if each.value is not None]
    end = max((each.high or each.value or 0.0) for each in shown) * 1.05
    ordered = measured.labels or labels
    return Ordered(
        labels=ordered,
        constant=measured.constant or "",
        rivals=tuple(
            Rival(
                name="" if ours else "constant",
                value=steps(each.value),
                ends=ends(each),
                track=interval_track(each, end=end, kind="ours" if ours else "plain"),
                ours=ours,
            )
            for each, ours in zip(shown, (True, False), strict=False)
        ),
        end=steps(end),
        gain=_gain(measured.gain),
        within_one=percent(measured.within_one.value),
        figures=_figures(measured),
        distances=_distances(answers, ordered, labels, measured.constant),
    )


def _gain(gain: "Interval") -> str:
    value, low = gain.value, gain.low
    if value is None:
        return ""
    if low is None:
        return f"On average it is {steps(value)} nearer to the truth; there are too few groups to be sure of it."
    told = f"{steps(value)} on average (95 % interval {ends(gain)})"
    if low > 0:
        return f"It is nearer to the truth by {told}."
    return f"The difference of {told} may be chance: it has not learned the order from these pictures."


def _figures(measured: "OrderedLabelMetrics") -> tuple[tuple[str, str, str, str], ...]:
    wanted = (
        (measured.within_one, "At most one step off", percent, "right, or the class beside it"),
        (measured.rmse, "Root of the mean squared steps", steps, "large errors weigh more; 0 is best"),
        (
            measured.quadratic_kappa,
            "Agreement beyond chance",
            steps,
            "quadratic weighted kappa; 1 is best, 0 is guessing",
        ),
    )
    return tuple(
        (name, say(metric.value), ends(metric, say), meaning)
        for metric, name, say, meaning in wanted
        if metric.value is not None
    )


def _distances(
    answers: PredictionTable, ordered: tuple[str, ...], labels: tuple[str, ...], constant: str | None
) -> tuple[Distance, ...]:
    """Shares of answers by signed steps; what lies beyond the farthest is counted with it."""
    if set(ordered) != set(labels) or not len(answers.rows):
        return ()
    columns = np.array([labels.index(label) for label in ordered])
    place = np.argsort(columns)
    truth = place[answers.truth]
    off = median_label(answers.probabilities[:, columns]) - truth
    always = ordered.index(constant) - truth if constant in ordered else None
    farthest = int(min(_FARTHEST, max(1, np.abs(off).max())))
    rows = []
    for step in range(-farthest, farthest + 1):
        share = float(np.mean(off.clip(-farthest, farthest) == step))
        rival = None if always is None else float(np.mean(always.clip(-farthest, farthest) == step))
        rows.append(
            Distance(
                name=_step(step, beyond=abs(step) == farthest < len(ordered) - 1),
                share=percent(share),
                constant=percent(rival),
                bar=paired_bars(share, rival or 0.0),
            )
        )
    return tuple(rows)


def _step(step: int, *, beyond: bool) -> str:
    if not step:
        return "exactly right"
    return f"{plural(abs(step), 'step')}{' or more' if beyond else ''} {'too high' if step > 0 else 'too low'}"
