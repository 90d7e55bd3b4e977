"""The held-out answers, and which of them are worth looking at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from discern.errors import UsageError

_OF_EACH_MIX_UP = 2


@dataclass(frozen=True, kw_only=True)
class PredictionTable:
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
        """Positions of the wrong answers, the most confident first, and of each mix-up two before any third."""
        wrong = np.flatnonzero(self.predicted != self.truth)
        surest = wrong[np.argsort(-self.confidence[wrong], kind="stable")]
        seen: Counter[tuple[int, int]] = Counter()
        first: list[int] = []
        rest: list[int] = []
        for position in surest.tolist():
            mix_up = (int(self.truth[position]), int(self.predicted[position]))
            seen[mix_up] += 1
            (first if seen[mix_up] <= _OF_EACH_MIX_UP else rest).append(position)
        return (first + rest)[:most]

    def drawn(self, most: int, *, seed: int) -> list[int]:
        """Positions of answers drawn at random, right and wrong alike; the same seed draws the same."""
        size = min(most, len(self.rows))
        return [int(each) for each in np.random.default_rng(seed).choice(len(self.rows), size=size, replace=False)]
