"""Functions that select held-out predictions to show with their images in the report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from discern.errors import DiscernError
from discern.picture import Recipe, apply_recipe
from discern.reporting.formatting import percent
from discern.reporting.gallery import Gallery, PageImage
from discern.reporting.sections.prediction_table import PredictionTable

EvidenceMaps = Callable[[Sequence[int]], list[np.ndarray]]

ERRORS_SHOWN = 12
SAMPLE_SIZE = 24


@dataclass(frozen=True, kw_only=True)
class ExamplePrediction:
    """Held-out prediction shown in the report with its image."""

    image: PageImage
    evidence: PageImage | None
    path: str
    truth: str
    predicted: str
    confidence: str
    correct: bool
    decision: str

    @property
    def unknown(self) -> bool:
        """Return True if the image was classified as unknown."""
        return self.decision == "unknown"


class ExamplePicker:
    """Selector of held-out predictions to show as examples in the report."""

    def __init__(self, predictions: PredictionTable, gallery: Gallery, labels: Sequence[str]) -> None:
        self._predictions, self._gallery, self._labels = predictions, gallery, labels

    def most_confident_errors(
        self, evidence: EvidenceMaps | None, recipe: Mapping[str, Any], *, whole: bool = False
    ) -> tuple[ExamplePrediction, ...]:
        """Return the most confident errors as examples, with evidence maps where available.

        Args:
            evidence: computes the evidence maps of rows; None without them.
            recipe: preprocessing of the pictures; empty if it is not known.
            whole: the gallery's pictures are not cropped yet.
        """
        positions = self.without_copies(self._predictions.most_confident_errors(len(self._predictions.rows)))[
            :ERRORS_SHOWN
        ]
        maps = self._maps(positions, evidence)
        view, known = _model_view(recipe, whole=whole), _parse(recipe)
        examples = []
        for position, weight in zip(positions, maps, strict=True):
            row = int(self._predictions.rows[position])
            overlay = None if weight is None else self._gallery.evidence(row, weight, 200, view, known)
            examples.append(self.example(position, 200, overlay))
        return tuple(examples)

    def without_copies(self, positions: Sequence[int]) -> list[int]:
        """Remove predictions for exact copies, except the first of each set."""
        first: dict[str | None, int] = {}
        for position in positions:
            first.setdefault(self._gallery.pixels(int(self._predictions.rows[position])), position)
        return list(first.values())

    def sample(self, *, seed: int) -> tuple[ExamplePrediction, ...]:
        """Return a random sample of held-out predictions as examples."""
        return tuple(self.example(position, 128) for position in self._predictions.sample(SAMPLE_SIZE, seed=seed))

    def example(self, position: int, side: int | None, evidence: PageImage | None = None) -> ExamplePrediction:
        """Return a prediction with its image, or with its thumbnail if `side` is None."""
        predictions, row = self._predictions, int(self._predictions.rows[position])
        truth, predicted = int(predictions.truth[position]), int(predictions.predicted[position])
        return ExamplePrediction(
            image=self._gallery.thumbnail(row) if side is None else self._gallery.picture(row, side),
            evidence=evidence,
            path=self._gallery.path(row),
            truth=self._labels[truth],
            predicted=self._labels[predicted],
            confidence=percent(float(predictions.confidence[position]), digits=0),
            correct=truth == predicted,
            decision=str(predictions.decision[position]),
        )

    def _maps(self, positions: list[int], evidence: EvidenceMaps | None) -> list[np.ndarray | None]:
        """Return the evidence map of each example's predicted label."""
        if evidence is None or not positions:
            return [None] * len(positions)
        try:
            maps = evidence([int(self._predictions.rows[position]) for position in positions])
        except (DiscernError, OSError):
            return [None] * len(positions)
        predicted = self._predictions.predicted[positions]
        return [each[..., label] if each.ndim == 3 else each for each, label in zip(maps, predicted, strict=True)]


def _parse(recipe: Mapping[str, Any]) -> Recipe | None:
    try:
        return Recipe.from_json(dict(recipe))
    except DiscernError:
        return None


def _model_view(recipe: Mapping[str, Any], *, whole: bool = False) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that fits an image as the model's input."""
    known = _parse(recipe)
    if known is None:
        return lambda pixels: pixels
    cropped = () if whole else (known.size, known.size)
    return lambda pixels: pixels if pixels.shape[:2] == cropped else apply_recipe(pixels, known)
