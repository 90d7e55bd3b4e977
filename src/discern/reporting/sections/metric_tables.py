"""The figures, as a page shows them: beside their rivals, overall, class by class."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.reporting.charts import interval_track
from discern.reporting.formatting import NONE, count, decimal, interval, part, percent
from discern.reporting.verdict import BASELINES

if TYPE_CHECKING:
    from markupsafe import Markup


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


def compare(metrics: Mapping[str, Any]) -> Comparison | None:
    """Leak-free, naive, as given and the baselines on one axis."""
    accuracy, baselines = part(metrics, "accuracy"), part(metrics, "baselines")
    named = [
        ("Leak-free: what to expect", part(accuracy, "leak_free"), True),
        ("Naive random split", part(accuracy, "naive"), False),
        ("On the parts as given", part(accuracy, "given"), False),
        *((_capital(BASELINES.get(name, name)), part(baselines, name), False) for name in baselines),
    ]
    drawn = [(name, figure, ours) for name, figure, ours in named if figure.get("value") is not None]
    if not drawn:
        return None
    lowest = min(figure.get("low") or figure["value"] for _, figure, _ in drawn)
    start = max(0.0, np.floor(10 * lowest - 0.2) / 10)
    lines = tuple(
        Compared(
            name=name,
            value=percent(figure["value"]),
            ends=interval(figure),
            track=interval_track(figure, start=start, kind="ours" if ours else "plain"),
            ours=ours,
        )
        for name, figure, ours in drawn
    )
    return Comparison(lines=lines, start=percent(float(start), digits=0), end=percent(1.0))


def figure_rows(metrics: Mapping[str, Any]) -> tuple[FigureRow, ...]:
    """The overall figures, each with what it means; undefined ones are left out."""
    figures, ece = part(metrics, "figures"), part(metrics, "ece") or part(metrics, "figures", "ece")
    shares = [
        ("accuracy", "Accuracy", "the share of pictures that are named right"),
        ("balanced_accuracy", "Balanced accuracy", "the same with every class counting alike, however rare"),
        ("macro_f1", "Macro-F1", "false and missed alarms weighed together, every class alike"),
    ]
    rows = [
        FigureRow(name=name, value=percent(figure["value"]), ends=interval(figure), meaning=meaning)
        for key, name, meaning in shares
        if (figure := part(figures, key)).get("value") is not None
    ]
    losses = [
        ("log_loss", "Log loss", "how surprised it is by the truth; 0 is best"),
        ("brier", "Brier score", "squared distance of its probabilities from the truth, 0 to 2; 0 is best"),
    ]
    for key, name, meaning in losses:
        figure, before = part(figures, key), part(figures, f"uncalibrated_{key}").get("value")
        if figure.get("value") is not None:
            told = meaning if before is None else f"{meaning}; {decimal(before)} before its temperature was set"
            ends = NONE if figure.get("low") is None else f"{decimal(figure['low'])} to {decimal(figure.get('high'))}"
            rows.append(FigureRow(name=name, value=decimal(figure["value"]), ends=ends, meaning=told))
    if ece.get("value") is not None:
        chance = f"; chance alone gives up to {percent(ece['null95'])}" if ece.get("null95") is not None else ""
        rows.append(
            FigureRow(
                name="Calibration error",
                value=percent(ece["value"]),
                ends=interval(ece),
                meaning=f"the average gap between stated confidence and the share that is right{chance}",
            )
        )
    return tuple(rows)


def judged_classes(metrics: Mapping[str, Any]) -> tuple[JudgedClass, ...]:
    """The classes, the weakest recall first, those that could not be judged last."""
    classes = part(metrics, "figures").get("per_class") or []
    rank = sorted(classes, key=lambda each: (each["recall"]["value"] is None, each["recall"]["value"] or 0.0))
    return tuple(
        JudgedClass(
            label=each["label"],
            support=count(each["support"]),
            groups=count(each["groups"]),
            precision=percent(each["precision"]),
            recall=percent(each["recall"]["value"]),
            ends=interval(each["recall"]),
            f1=percent(each["f1"]),
            track=interval_track(each["recall"], kind="ours"),
        )
        for each in rank
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
