"""Held-out answers worth looking at, with their pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from discern.errors import DiscernError
from discern.picture import Recipe, apply_recipe
from discern.reporting.formatting import percent
from discern.reporting.gallery import Gallery, Shot
from discern.reporting.sections.prediction_table import PredictionTable

Evidence = Callable[[Sequence[int]], list[np.ndarray]]

MISTAKES = 12
DRAWN = 24


@dataclass(frozen=True, kw_only=True)
class ExamplePrediction:
    """One held-out answer with its picture."""

    shot: Shot
    evidence: Shot | None
    path: str
    truth: str
    predicted: str
    confidence: str
    right: bool
    decision: str

    @property
    def unknown(self) -> bool:
        """Whether it was called unknown."""
        return self.decision == "unknown"


class ExamplePicker:
    """Held-out answers worth looking at, with their pictures."""

    def __init__(self, answers: PredictionTable, gallery: Gallery, labels: Sequence[str]) -> None:
        self._answers, self._gallery, self._labels = answers, gallery, labels

    def worst(self, evidence: Evidence | None, recipe: Mapping[str, Any]) -> tuple[ExamplePrediction, ...]:
        """The most confident wrong answers, with where in the picture the wrong label spoke."""
        positions = self.distinct(self._answers.worst(len(self._answers.rows)))[:MISTAKES]
        maps = self._maps(positions, evidence)
        view = _what_was_seen(recipe)
        shown = []
        for position, spoken in zip(positions, maps, strict=True):
            row = int(self._answers.rows[position])
            glow = None if spoken is None else self._gallery.evidence(row, spoken, 200, view)
            shown.append(self.show(position, 200, glow))
        return tuple(shown)

    def distinct(self, positions: Sequence[int]) -> list[int]:
        """The first of each picture that has exact copies."""
        first: dict[str | None, int] = {}
        for position in positions:
            first.setdefault(self._gallery.pixels(int(self._answers.rows[position])), position)
        return list(first.values())

    def drawn(self, *, seed: int) -> tuple[ExamplePrediction, ...]:
        """Answers drawn at random: what it usually does."""
        return tuple(self.show(position, 128) for position in self._answers.drawn(DRAWN, seed=seed))

    def show(self, position: int, side: int | None, evidence: Shot | None = None) -> ExamplePrediction:
        """One answer; without a side its picture is the thumbnail, which opens nothing."""
        answers, row = self._answers, int(self._answers.rows[position])
        truth, predicted = int(answers.truth[position]), int(answers.predicted[position])
        return ExamplePrediction(
            shot=self._gallery.small(row) if side is None else self._gallery.large(row, side),
            evidence=evidence,
            path=self._gallery.path(row),
            truth=self._labels[truth],
            predicted=self._labels[predicted],
            confidence=percent(float(answers.confidence[position]), digits=0),
            right=truth == predicted,
            decision=str(answers.decision[position]),
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
