"""Ranks of scores among those of a reference, adjusted for the predicted class."""

import numpy as np
from scipy.special import ndtri

# Not tuned: a class of ten pictures is adjusted by half of what its mean suggests.
_PRIOR_PICTURES = 10


class ClassRanks:
    """Ranks of scores in a fixed reference that change little with the mix of classes.

    Scores become normal scores by their rank in the whole reference. These are standardised by mean and deviation of
    the predicted class, both drawn towards those of all, and ranked again. For the reference itself the means leave out
    the picture, as they do not contain a later one. Ties are broken at random.

    Args:
        scores: float `[n]`, scores of the reference.
        label: int `[n]`, predicted classes.
        uniform: float `[n]`, random numbers in [0, 1) that break ties.
    """

    def __init__(self, scores: np.ndarray, label: np.ndarray, uniform: np.ndarray) -> None:
        self._sorted = np.sort(scores)
        count = len(scores)
        normal = _normal(self._place(scores, uniform, without=1), count)
        sums, pictures = np.bincount(label, normal), np.bincount(label)
        deviation = normal - (sums / (pictures + _PRIOR_PICTURES))[label]
        self._mean = sums / (pictures + _PRIOR_PICTURES)
        squares = np.bincount(label, deviation**2)
        self._scale = np.sqrt((squares + _PRIOR_PICTURES) / (pictures + _PRIOR_PICTURES))
        without = (sums[label] - normal) / (pictures[label] - 1 + _PRIOR_PICTURES)
        self._residuals = np.sort((normal - without) / self._scale[label])

    def __len__(self) -> int:
        return len(self._sorted)

    def rank(self, scores: np.ndarray, label: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Return the ranks of later scores, int `[g]` from 0, below all, to n, above all.

        Args:
            scores: float `[g]`.
            label: int `[g]`, predicted classes; -1 for one that the reference lacks.
            uniform: float `[g]`, random numbers in [0, 1) that break ties.
        """
        normal = _normal(self._place(scores, uniform), len(self) + 1)
        known = (label >= 0) & (label < len(self._mean))
        at = np.where(known, label, 0)
        residuals = (normal - np.where(known, self._mean[at], 0)) / np.where(known, self._scale[at], 1)
        return np.asarray(np.searchsorted(self._residuals, residuals))

    def normal(self, rank: np.ndarray) -> np.ndarray:
        """Return ranks as normal scores, float `[g]`."""
        return _normal(rank, len(self) + 1)

    def _place(self, scores: np.ndarray, uniform: np.ndarray, *, without: int = 0) -> np.ndarray:
        """Return the number of reference scores below each score, with ties broken, without itself if it is one."""
        low = np.searchsorted(self._sorted, scores, side="left")
        high = np.searchsorted(self._sorted, scores, side="right")
        return np.asarray(low + np.floor(uniform * (high - low + 1 - without)).astype(np.int64))


def _normal(place: np.ndarray, places: int) -> np.ndarray:
    return np.asarray(ndtri((place + 0.5) / places))


def uniform_of(number: np.ndarray, stream: int) -> np.ndarray:
    """Return reproducible random numbers in [0, 1) for the numbers of exchanges, different in each stream.

    Args:
        number: int64 `[g]`.
        stream: number of the stream, 0 or larger.
    """
    with np.errstate(over="ignore"):  # SplitMix64 counts modulo 2^64
        mixed = number.astype(np.uint64) * np.uint64(64) + np.uint64(stream)
        mixed = (mixed + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
