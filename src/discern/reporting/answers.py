"""The held-out answers, and which of them are worth looking at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from discern.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What was answered for pictures that were not learned from.

    Attributes:
        rows: int [N], their positions in the catalog.
        truth: int [N], positions in the catalog's labels.
        probabilities: float [N, K], calibrated.
        unknown_score: float [N], higher is stranger.
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
            raise UsageError(f"Answers need as many of each thing as there are pictures, not {sorted(sizes)}.")

    @property
    def predicted(self) -> np.ndarray:
        """The top class of each picture, int [N]."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def confidence(self) -> np.ndarray:
        """The top class's probability, float [N]."""
        return np.asarray(self.probabilities.max(axis=1))

    def worst(self, most: int) -> list[int]:
        """Positions of the wrong answers, the most confident first."""
        wrong = np.flatnonzero(self.predicted != self.truth)
        return [int(each) for each in wrong[np.argsort(-self.confidence[wrong], kind="stable")][:most]]

    def drawn(self, most: int, *, seed: int) -> list[int]:
        """Positions of answers drawn at random, right and wrong alike; the same seed draws the same."""
        size = min(most, len(self.rows))
        return [int(each) for each in np.random.default_rng(seed).choice(len(self.rows), size=size, replace=False)]
