"""Sequential test by a classifier that learns to tell later pictures from those of the reference."""

from typing import Any

import numpy as np
from scipy.special import expit

from discern.watching.drift.class_ranks import ClassRanks, uniform_of
from discern.watching.drift.rank_bets import Tilt, bet_on_ranks, make_bets

TILTS = (Tilt(0.4), Tilt(0.8), Tilt(1.5))
# Not tuned.
_FEWEST, _FIRST, _MOST_BETWEEN, _REMEMBERED = 40, 40, 250, 512
_PRIOR_PICTURES, _RIDGE, _ITERATIONS, _LARGEST = 10, 30.0, 8, 4.0
_STREAM = 63  # of random numbers


class TwoSampleClassifier:
    """Classifier between reference and later pictures, whose predictions of the next pictures are bets.

    It is fitted on one half of the reference and on recent pictures, and its scores of the next pictures are ranked
    among those of the other half. Each new fit is allowed less error than the last, so that all of them together stay
    within `error`.

    Args:
        features: float `[m, f]`, features of the reference pictures.
        label: int `[m]`, their predicted labels.
        error: probability, over the draw of the reference, that any fit's bets have an expected value above 1.
    """

    def __init__(self, features: np.ndarray, label: np.ndarray, *, error: float) -> None:
        self._error, self._label = error, label
        self.is_active = len(features) >= 2 * _FEWEST
        self._sums = np.zeros((1, features.shape[1]))
        self._counts = np.zeros(1)
        if len(features):
            self._sums = np.zeros((int(label.max()) + 1, features.shape[1]))
            np.add.at(self._sums, label, features)
            self._counts = np.bincount(label).astype(float)
        own = self._deviation(features, label, own=features)
        self._scale = np.maximum(own.std(axis=0), 1e-6) if len(features) else np.ones(features.shape[1])
        self._reference = np.clip(own / self._scale, -_LARGEST, _LARGEST)
        self.time, self._fits, self._next = 0, 0, _FIRST
        self._weights: np.ndarray = np.zeros(features.shape[1])
        self._recent = np.empty((0, features.shape[1]), np.float32)
        self._ranks: ClassRanks | None = None

    def update(self, features: np.ndarray, label: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bet on further pictures, and learn from them.

        Args:
            features: float `[g, f]`.
            label: int `[g]`, predicted labels; -1 for one that the model lacks.
            number: int64 `[g]`, numbers of the exchanges, by which ties are broken.

        Returns:
            float64 `[g, tilts]`, log factors of the bets; and float64 `[g]`, scores, larger for pictures that look less
            like the reference.
        """
        factors, scores = np.zeros((len(features), len(TILTS))), np.zeros(len(features))
        scaled = np.clip(self._deviation(features, label) / self._scale, -_LARGEST, _LARGEST)
        start = 0
        while self.is_active and start < len(features):
            end = min(len(features), start + self._next - self.time)
            part = slice(start, end)
            if self._ranks is not None:
                scores[part] = scaled[part] @ self._weights
                ranks = self._ranks.rank(scores[part], label[part], uniform_of(number[part], _STREAM))
                factors[part] = bet_on_ranks(ranks, (1,), self._bets())
            self._recent = np.concatenate([self._recent, scaled[part].astype(np.float32)])[-_REMEMBERED:]
            self.time += end - start
            if self.time == self._next:
                self._fit()
            start = end
        return factors, scores

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what was learnt: numbers for JSON, and arrays."""
        numbers = {"time": self.time, "fits": self._fits, "next": self._next}
        return numbers, {"weights": self._weights, "recent": self._recent.astype(np.float32)}

    def restore(self, numbers: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Take over what `state` returned."""
        self.time, self._fits, self._next = (int(numbers[name]) for name in ("time", "fits", "next"))
        self._weights, self._recent = arrays["weights"], arrays["recent"]
        if self._fits:
            self._rank_reference()

    def _deviation(self, features: np.ndarray, label: np.ndarray, own: np.ndarray | None = None) -> np.ndarray:
        """Return features less the mean of their class in the reference, without `own` if they are part of it."""
        known = (label >= 0) & (label < len(self._sums))
        at = np.where(known, label, 0)
        sums, counts = self._sums[at], self._counts[at]
        if own is not None:
            sums, counts = sums - own, counts - 1
        whole = self._sums.sum(axis=0) / max(1.0, self._counts.sum())
        means = (sums + _PRIOR_PICTURES * whole) / (counts + _PRIOR_PICTURES)[:, None]
        return np.asarray(features - np.where(known[:, None], means, whole))

    def _fit(self) -> None:
        self._weights = _fit_logistic(self._reference[::2], self._recent.astype(np.float64))
        self._fits += 1
        self._next += int(np.clip(self.time // 2, _FIRST, _MOST_BETWEEN))
        self._rank_reference()

    def _rank_reference(self) -> None:
        held_out = self._reference[1::2]
        pictures = np.arange(len(held_out))
        self._ranks = ClassRanks(held_out @ self._weights, self._label[1::2], uniform_of(-1 - pictures, _STREAM))

    def _bets(self) -> np.ndarray:
        error = self._error / (self._fits * (self._fits + 1)) / len(TILTS)  # 1 / 2 + 1 / 6 + 1 / 12 + ... = 1
        return make_bets(len(self._reference[1::2]), TILTS, error)


def _fit_logistic(reference: np.ndarray, recent: np.ndarray) -> np.ndarray:
    """Fit a ridge logistic regression in which both sets count alike, and return its weights without the intercept."""
    rows = np.concatenate([reference, recent])
    rows = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    target = np.repeat([0.0, 1.0], [len(reference), len(recent)])
    fewer = min(len(reference), len(recent))
    counts = np.repeat([fewer / len(reference), fewer / len(recent)], [len(reference), len(recent)])
    penalty = np.full(rows.shape[1], _RIDGE)
    penalty[-1] = 1e-3
    weights = np.zeros(rows.shape[1])
    for _ in range(_ITERATIONS):
        chance = expit(rows @ weights)
        gradient = rows.T @ (counts * (chance - target)) + penalty * weights
        curvature = (rows * (counts * chance * (1 - chance))[:, None]).T @ rows + np.diag(penalty)
        weights = weights - np.linalg.solve(curvature, gradient)
    return np.asarray(weights[:-1])
