"""Functions that fit the lowest confidence at which any single prediction may be accepted."""

import numpy as np

from discern.bundle.prediction import LOWEST_CONFIDENCE

# The rules of the floor, which is a safeguard for single predictions beside the proven error limit. Not tuned.
_TIMES_THE_RISK = 4.0
_BIN_WIDTH = 0.05
_FEWEST_PICTURES = 10.0


def fit_confidence_floor(
    confidence: np.ndarray,
    correct: np.ndarray,
    *,
    risk: float,
    known: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> float:
    """Fit the floor: the upper end of the most confident bin of predictions of which too many are wrong.

    These are more than four times the error limit. Bins are 0.05 wide from 1 down to 0.5, which is the lowest floor; a
    bin of fewer than ten pictures is joined by the bins below it.

    Args:
        confidence: float `[M]` in [0, 1], of held-out pictures of the known classes.
        correct: bool `[M]`.
        risk: the error limit, in 0..1 (exclusive).
        known: bool `[M]`, False for pictures that are not accepted whatever the confidence; None: none of them.
        weights: float `[M]`, at least 0, sample weights; None: 1 each.
    """
    confidence = np.asarray(confidence, np.float64)
    weight = np.ones(len(confidence)) if weights is None else np.asarray(weights, np.float64)
    if known is not None:
        weight = weight * np.asarray(known, bool)
    edges = np.arange(round(LOWEST_CONFIDENCE / _BIN_WIDTH), round(1 / _BIN_WIDTH) + 1) * _BIN_WIDTH
    place = np.searchsorted(edges[:-1], confidence, side="right") - 1
    inside = place >= 0
    pictures, wrong = (
        np.bincount(place[inside], each[inside], minlength=len(edges) - 1)
        for each in (weight, weight * ~np.asarray(correct, bool))
    )
    return _upper_end_of_first_bad_bin(pictures, wrong, edges.round(2).tolist(), most=_TIMES_THE_RISK * risk)


def _upper_end_of_first_bad_bin(pictures: np.ndarray, wrong: np.ndarray, edges: list[float], *, most: float) -> float:
    top, count, errors = edges[-1], 0.0, 0.0
    for place in reversed(range(len(pictures))):
        top = top if count else edges[place + 1]
        count, errors = count + pictures[place], errors + wrong[place]
        if count >= _FEWEST_PICTURES or place == 0:
            if errors > most * count:
                return top
            count, errors = 0.0, 0.0
    return LOWEST_CONFIDENCE
