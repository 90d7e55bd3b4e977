"""The answers, as a page shows them: figures, classes, confusion, mistakes, certainty."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.errors import DiscernError
from discern.picture import Recipe, apply_recipe
from discern.reporting.answers import Answers
from discern.reporting.charts import heat_map, interval_track
from discern.reporting.pictures import Gallery, Shot
from discern.reporting.verdict import BASELINES, part
from discern.reporting.wording import NONE, count, decimal, interval, percent

if TYPE_CHECKING:
    from markupsafe import Markup

Evidence = Callable[[Sequence[int]], list[np.ndarray]]

NUMBERS_UP_TO = 15
MISTAKES = 12
DRAWN = 24


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


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """The confusion matrix: a table of numbers for few classes, a heat map with data for its script for many."""

    labels: tuple[str, ...]
    table: tuple[tuple[tuple[str, float], ...], ...]
    chart: "Markup | None"
    cells: Mapping[str, Any]
    pairs: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One held-out answer with its picture."""

    shot: Shot
    evidence: Shot | None
    path: str
    truth: str
    predicted: str
    confidence: str
    right: bool
    unknown: bool


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


def describe_confusion(metrics: Mapping[str, Any]) -> Confusion | None:
    """The confusion matrix in the form that its size asks for."""
    figures = part(metrics, "figures")
    labels, rows = figures.get("labels"), figures.get("confusion")
    if not labels or not rows:
        return None
    matrix = np.asarray(rows, dtype=np.float64)
    totals = np.maximum(matrix.sum(axis=1, keepdims=True), 1e-12)
    few = len(labels) <= NUMBERS_UP_TO
    table = tuple(
        tuple((count(round(number, 1)), float(share)) for number, share in zip(row, shares, strict=True))
        for row, shares in zip(matrix, matrix / totals, strict=True)
    )
    cells = {
        str(row): {str(column): matrix[row, column] for column in np.flatnonzero(matrix[row])}
        for row in range(len(matrix))
    }
    pairs = [
        {
            "truth": each["truth"],
            "predicted": each["predicted"],
            "count": count(each["count"]),
            "share": percent(each["share"]),
        }
        for each in (figures.get("confused") or [])[: 8 if few else 20]
    ]
    return Confusion(
        labels=tuple(labels),
        table=table if few else (),
        chart=None if few else heat_map(matrix),
        cells={} if few else {"labels": list(labels), "cells": cells},
        pairs=tuple(pairs),
    )


class Picked:
    """Held-out answers worth looking at, with their pictures."""

    def __init__(self, answers: Answers, gallery: Gallery, labels: Sequence[str]) -> None:
        self._answers, self._gallery, self._labels = answers, gallery, labels

    def worst(self, evidence: Evidence | None, recipe: Mapping[str, Any]) -> tuple[Shown, ...]:
        """The most confident wrong answers, with where in the picture the wrong label spoke."""
        positions = self._answers.worst(MISTAKES)
        maps = self._maps(positions, evidence)
        view = _what_was_seen(recipe)
        shown = []
        for position, spoken in zip(positions, maps, strict=True):
            row = int(self._answers.rows[position])
            glow = None if spoken is None else self._gallery.evidence(row, spoken, 200, view)
            shown.append(self._shown(position, 200, glow))
        return tuple(shown)

    def drawn(self, *, seed: int) -> tuple[Shown, ...]:
        """Answers drawn at random: what it usually does."""
        return tuple(self._shown(position, 128) for position in self._answers.drawn(DRAWN, seed=seed))

    def _shown(self, position: int, side: int, evidence: Shot | None = None) -> Shown:
        answers, row = self._answers, int(self._answers.rows[position])
        truth, predicted = int(answers.truth[position]), int(answers.predicted[position])
        return Shown(
            shot=self._gallery.large(row, side),
            evidence=evidence,
            path=self._gallery.path(row),
            truth=self._labels[truth],
            predicted=self._labels[predicted],
            confidence=percent(float(answers.confidence[position]), digits=0),
            right=truth == predicted,
            unknown=str(answers.decision[position]) == "unknown",
        )

    def _maps(self, positions: list[int], evidence: Evidence | None) -> list[np.ndarray | None]:
        """The evidence for the label given: maps are [h, w], or [h, w, K] with one layer for each label."""
        if evidence is None or not positions:
            return [None] * len(positions)
        try:
            maps = evidence([int(self._answers.rows[position]) for position in positions])
        except (DiscernError, OSError):
            return [None] * len(positions)
        predicted = self._answers.predicted[positions]
        return [each[..., label] if each.ndim == 3 else each for each, label in zip(maps, predicted, strict=True)]


def _what_was_seen(recipe: Mapping[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    try:
        known = Recipe.from_json(dict(recipe))
    except DiscernError:
        return lambda pixels: pixels
    square = (known.size, known.size)
    return lambda pixels: pixels if pixels.shape[:2] == square else apply_recipe(pixels, known)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
