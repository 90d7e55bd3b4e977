"""Figures of two runs side by side, with the difference and whether chance explains it."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from discern.checking import CHECKS
from discern.evaluating import Interval, paired_difference
from discern.flow.held_out import ANSWERS, read_held_out
from discern.flow.prepare import FINDINGS
from discern.flow.run import Run

_METRICS, _EVALUATION = "metrics.json", "evaluation.json"
_SECTIONS = ("ece", "baselines", "unknown", "policy", "conformal", "ordered", "gate", "counts", "against")
# Numbers that say what was measured, not how well.
_NOT_FIGURES = {
    *("pictures", "weight", "groups", "classes", "asked", "threshold", "t_accept", "t_unknown", "wrong", "needed"),
    *("floor", "null95", "chance", "support", "format", "curve"),
}
_OF_A_CLASS = ("recall", "precision", "f1")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Figure of two runs, A and B.

    Attributes:
        name: name of the figure.
        a: of A, with its interval if it has one; None if A does not have it.
        b: likewise of B.
        paired: difference on the same pictures, B minus A; None if they are not the same.
    """

    name: str
    a: Interval | None
    b: Interval | None
    paired: Interval | None = None

    @property
    def difference(self) -> float | None:
        """Return B minus A; None if one is undefined."""
        ends = [None if each is None else each.value for each in (self.a, self.b)]
        return None if ends[0] is None or ends[1] is None else ends[1] - ends[0]

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the interval of the difference; None if a figure has none.

        That of unpaired figures is composed of their intervals as if they were independent (Newcombe, 1998), which is
        too wide for figures of mostly the same pictures.
        """
        if self.paired is not None and self.paired.low is not None and self.paired.high is not None:
            return self.paired.low, self.paired.high
        a, b, difference = self.a, self.b, self.difference
        if a is None or b is None or difference is None or None in (a.low, a.high, b.low, b.high):
            return None
        down = math.hypot(b.value - b.low, a.high - a.value)  # type: ignore[operator]
        up = math.hypot(b.high - b.value, a.value - a.low)  # type: ignore[operator]
        return difference - down, difference + up

    @property
    def within_noise(self) -> bool | None:
        """Return True if chance alone explains the difference; None if that is unknown, or there is no difference."""
        if self.interval is None or not self.difference:
            return None
        return self.interval[0] <= 0 <= self.interval[1]

    def to_json(self) -> dict[str, Any]:
        """Return the figure in JSON-ready values."""
        return {
            "name": self.name,
            "a": None if self.a is None else self.a.value,
            "b": None if self.b is None else self.b.value,
            "difference": self.difference,
            "a_interval": _ends(self.a),
            "b_interval": _ends(self.b),
            "difference_interval": None if self.interval is None else list(self.interval),
            "within_noise": self.within_noise,
        }


def compare_figures(a: Run, b: Run) -> list[Figure]:
    """Compare the figures of two runs; those of only one have None for the other.

    Raises:
        RunError: a file cannot be read.
    """
    first, second = _figures(a), _figures(b)
    paired, common = _paired_accuracy(a, b)
    figures = [
        Figure(
            name=name,
            a=first.get(name),
            b=second.get(name),
            paired=paired.paired if name == "accuracy" and paired is not None and common else None,
        )
        for name in dict.fromkeys([*first, *second])
    ]
    if paired is not None and not common:
        figures.insert(1, paired)
    return figures


def _ends(interval: Interval | None) -> list[float] | None:
    if interval is None or interval.low is None or interval.high is None:
        return None
    return [interval.low, interval.high]


def _figures(run: Run) -> dict[str, Interval]:
    found: dict[str, Interval] = {}
    for name in (_METRICS, _EVALUATION):
        if run.path(name).exists():
            with run.reading(name) as path:
                found |= dict(_walk_metrics(json.loads(path.read_text(encoding="utf-8"))))
    if run.path(FINDINGS).exists():
        with run.reading(FINDINGS) as path:
            counts = dict(pl.read_parquet(path, columns=["check"]).group_by("check").len().iter_rows())
        names = [check.__name__ for check in CHECKS]
        found |= {f"findings.{name}": Interval(value=float(counts.get(name, 0))) for name in names}
    return found


def _walk_metrics(metrics: dict[str, Any]) -> Iterator[tuple[str, Interval]]:
    """Yield the figures of metrics.json or evaluation.json, whose general metrics are in `figures` or at the top."""
    accuracy = metrics.get("accuracy") or {}
    if "leak_free" in accuracy:
        yield from _walk("accuracy", accuracy["leak_free"])
        for name in ("naive", "given"):
            yield from _walk(f"accuracy.{name}", accuracy.get(name))
    general = metrics.get("figures") or metrics
    for name, value in general.items():
        if not isinstance(value, dict) or name in _SECTIONS:
            continue
        if "value" in value and not (name == "accuracy" and "leak_free" in accuracy):
            yield from _walk(name, value)
    for section in _SECTIONS:
        yield from _walk(section, metrics.get(section))
    for row in general.get("per_class") or ():
        for name in _OF_A_CLASS:
            yield from _walk(f"{name} of {row['label']}", row.get(f"{name}_interval") or row.get(name))


def _walk(name: str, value: Any) -> Iterator[tuple[str, Interval]]:
    if isinstance(value, dict) and isinstance(value.get("value"), int | float):
        yield name, Interval(value=float(value["value"]), low=value.get("low"), high=value.get("high"))
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in _NOT_FIGURES and f"{key}_interval" not in value:
                yield from _walk(f"{name}.{key.removesuffix('_interval')}", each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, Interval(value=float(value))


def _paired_accuracy(a: Run, b: Run) -> tuple[Figure | None, bool]:
    """Return the accuracy on the pictures that both runs held out, and whether these are all pictures of both."""
    if not (a.path(ANSWERS).exists() and b.path(ANSWERS).exists()):
        return None, False
    first, second = (
        read_held_out(run).select("path", "content", "group", correct=pl.col("label") == pl.col("answer"))
        for run in (a, b)
    )
    both = first.join(second, on=("path", "content"), suffix="_b")
    if not len(both):
        return None, False
    correct, correct_b = (both[name].to_numpy().astype(np.float64) for name in ("correct", "correct_b"))
    groups = both["group_b"].rank("dense").to_numpy()
    figure = Figure(
        name=f"accuracy on the {len(both):,} pictures of both",
        a=Interval(value=float(correct.mean())),
        b=Interval(value=float(correct_b.mean())),
        paired=paired_difference(correct_b, correct, groups=groups),
    )
    return figure, len(both) == len(first) == len(second)
