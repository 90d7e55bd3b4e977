"""Functions that fit conformal prediction sets with a given coverage."""

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
    """Fit the probability threshold of conformal prediction sets.

    The threshold is for `bundle.prediction_sets.label_sets`.

    Sets by a threshold on the probabilities are the smallest on average (Sadinle, Lei & Wasserman 2019, "Least
    ambiguous set-valued classifiers"). Sets are never empty, because they always include the top class; the threshold
    takes this into account, so coverage is not exceeded for it. Pictures of one group are not exchangeable with those
    of another, but groups are: every group has weight 1, shared by its pictures, and one more group that is never
    covered stands for the new one (Lee, Barber & Willett 2023, "Distribution-free inference with hierarchical data").
    For a picture of a new, exchangeable group, coverage is then at least `coverage` on average over calibration sets,
    and exceeds it by little more than one group's weight, unless the top-1 accuracy alone is higher.

    Args:
        probabilities: float `[N, K]`, calibrated, of held-out pictures.
        truth: int `[N]`, columns of `probabilities`.
        groups: `[N]`; pictures that are not independent share a value; None: all are independent.
        weights: float `[N]`, at least 0, of the pictures within their group; None: equal weights.
        coverage: share of pictures whose set contains the true label, in 0..1 (exclusive).

    Returns:
        A probability in [0, 1]: 1 if the top class suffices, 0 (every label) if there are too few groups.

    Raises:
        UsageError: shapes that differ, a true label outside the columns, or a coverage outside 0..1.
    """
    _check(probabilities, truth, coverage)
    weight, count = _group_weights(len(truth), groups, weights)
    true_probability = np.asarray(probabilities[np.arange(len(truth)), truth], np.float64)
    true_probability[probabilities.argmax(axis=1) == truth] = np.inf
    order = np.argsort(-true_probability, kind="stable")
    covered = np.cumsum(weight[order])
    quantile = int(np.searchsorted(covered, coverage * (count + 1) - _ROUNDING))
    return float(np.clip(true_probability[order[quantile]], 0, 1)) if quantile < len(covered) else 0.0


def _group_weights(size: int, groups: np.ndarray | None, weights: np.ndarray | None) -> tuple[np.ndarray, int]:
    """Normalise weights to 1 per group and count the groups with any weight."""
    weight = np.ones(size) if weights is None else np.asarray(weights, np.float64)
    names = np.arange(size) if groups is None else np.asarray(groups)
    if weight.shape != (size,) or names.shape != (size,) or not (weight >= 0).all():
        raise UsageError(
            f"Expected {size} groups and non-negative weights, got shapes {names.shape} and {weight.shape}."
        )
    group = np.unique(names, return_inverse=True)[1]
    total = np.bincount(group, weight)
    return weight / np.where(total > 0, total, 1.0)[group], int(np.count_nonzero(total))


def _check(probabilities: np.ndarray, truth: np.ndarray, coverage: float) -> None:
    if probabilities.ndim != 2 or truth.shape != probabilities.shape[:1]:
        raise UsageError(f"Expected [N, K] probabilities and [N] labels, got {probabilities.shape} and {truth.shape}.")
    if truth.size and not (truth.min() >= 0 and truth.max() < probabilities.shape[1]):
        raise UsageError("A true label has no column of probabilities.", hint="Leave out pictures without a label.")
    if not 0 < coverage < 1:
        raise UsageError(f"coverage must be between 0 and 1, not {coverage}.", hint="Pass a share such as 0.9.")
