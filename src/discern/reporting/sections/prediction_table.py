"""Table of held-out predictions, from which the report selects its examples."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from discern.errors import UsageError

_EACH_MIX_UP_FIRST = 2


@dataclass(frozen=True, kw_only=True)
class PredictionTable:
    """Held-out predictions of a classifier as a table of columns.

    Attributes:
        rows: int [N], positions in the catalog.
        truth: int [N], positions in the catalog's labels.
        probabilities: float [N, K], calibrated.
        unknown_score: float [N], larger is farther from the training pictures.
        decision: N of "accept", "review" or "unknown".
    """

    rows: np.ndarray
    truth: np.ndarray
    probabilities: np.ndarray
    unknown_score: np.ndarray
    decision: Sequence[str] | np.ndarray

    def __post_init__(self) -> None:
        sizes = {len(self.rows), len(self.truth), len(self.probabilities), len(self.unknown_score), len(self.decision)}
        if len(sizes) > 1:
            raise UsageError(
                f"The columns of a prediction table have different lengths: {sorted(sizes)}.",
                hint="Pass one value per picture in every column.",
            )

    @property
    def predicted(self) -> np.ndarray:
        """Return the predicted class index of each image."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def confidence(self) -> np.ndarray:
        """Return the highest class probability of each image."""
        return np.asarray(self.probabilities.max(axis=1))

    def select(self, chosen: np.ndarray) -> Self:
        """Return the predictions chosen by a boolean mask."""
        columns = {each.name: np.asarray(getattr(self, each.name))[chosen] for each in fields(self)}
        return replace(self, **columns)

    def most_confident_errors(self, most: int) -> list[int]:
        """Return positions of the most confident errors, with at most two of each confusion first."""
        wrong = np.flatnonzero(self.predicted != self.truth)
        ranked = wrong[np.argsort(-self.confidence[wrong], kind="stable")]
        seen: Counter[tuple[int, int]] = Counter()
        first: list[int] = []
        rest: list[int] = []
        for position in ranked.tolist():
            mix_up = (int(self.truth[position]), int(self.predicted[position]))
            seen[mix_up] += 1
            (first if seen[mix_up] <= _EACH_MIX_UP_FIRST else rest).append(position)
        return (first + rest)[:most]

    def sample(self, most: int, *, seed: int) -> list[int]:
        """Return positions of at most `most` random predictions, correct or wrong."""
        size = min(most, len(self.rows))
        return [int(each) for each in np.random.default_rng(seed).choice(len(self.rows), size=size, replace=False)]
