"""Sets of labels that hold the right one as often as was asked: the threshold of a conformal predictor."""

import numpy as np

from discern.errors import UsageError

_ROUNDING = 1e-9


def fit_prediction_sets(
    probabilities: np.ndarray,
    truth: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    coverage: float = 0.9,
) -> float:
    """Find the threshold with which `bundle.decoding.label_sets` holds the truth as often as asked.

    Sets with a threshold on probabilities are the smallest on average (Sadinle, Lei & Wasserman 2019, "Least ambiguous
    set-valued classifiers"). The top class is in every set, and counts as such here, so sets are never empty and do not
    cover more for it. Pictures of a group are not exchangeable with those of another, groups are: each group has
    the same say, its pictures share it, and one more group that always misses stands for the one to come (Lee, Barber
    & Willett 2023, "Distribution-free inference with hierarchical data"). For a picture of a new group like these,
    coverage is then at least `coverage` on average over calibrations, and above it by little more than one group's
    say, unless the top classes alone are right more often.

    Args:
        probabilities: float `[N, K]`, calibrated, of pictures that the head had not learned.
        truth: int `[N]`, columns of `probabilities`.
        groups: `[N]`, pictures that are not independent share a value; None: all are independent.
        weights: float `[N]`, a picture's part in its group's say, at least 0; None: equal parts.
        coverage: the share of pictures whose set is to hold the truth, in 0..1 (exclusive).

    Returns:
        A probability in [0, 1]: 1 where the top classes suffice, 0 (every label) where there are too few groups.

    Raises:
        UsageError: wrong shapes, a truth that is no column, or a coverage outside 0..1.
    """
    _check(probabilities, truth, coverage)
    say, count = _say(len(truth), groups, weights)
    own = np.asarray(probabilities[np.arange(len(truth)), truth], np.float64)
    own[probabilities.argmax(axis=1) == truth] = np.inf
    surest = np.argsort(-own, kind="stable")
    held = np.cumsum(say[surest])
    enough = int(np.searchsorted(held, coverage * (count + 1) - _ROUNDING))
    return float(np.clip(own[surest[enough]], 0, 1)) if enough < len(held) else 0.0


def _say(size: int, groups: np.ndarray | None, weights: np.ndarray | None) -> tuple[np.ndarray, int]:
    """What each picture counts, float64 `[N]`, so that each group counts 1; and how many groups count."""
    weight = np.ones(size) if weights is None else np.asarray(weights, np.float64)
    named = np.arange(size) if groups is None else np.asarray(groups)
    if weight.shape != (size,) or named.shape != (size,) or not (weight >= 0).all():
        raise UsageError(f"Groups {named.shape} and weights {weight.shape} must fit {size} pictures.")
    group = np.unique(named, return_inverse=True)[1]
    total = np.bincount(group, weight)
    return weight / np.where(total > 0, total, 1.0)[group], int(np.count_nonzero(total))


def _check(probabilities: np.ndarray, truth: np.ndarray, coverage: float) -> None:
    if probabilities.ndim != 2 or truth.shape != probabilities.shape[:1]:
        raise UsageError(f"Probabilities {probabilities.shape} and truths {truth.shape} do not belong together.")
    if truth.size and not (truth.min() >= 0 and truth.max() < probabilities.shape[1]):
        raise UsageError("A truth names no column of the probabilities.", hint="Leave out pictures without a label.")
    if not 0 < coverage < 1:
        raise UsageError(f"coverage is {coverage}.", hint="Give a share between 0 and 1.")
