"""Which pictures are unlike everything else, by the scores of heads that had not learned them."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from discern.heads import OutOfFoldPredictions

_FAR = 2.6
_FAR_IN_CLASS = 1.8
_LIKELY = 0.5
_FEWEST = 20
# In deviations of a normal distribution, how far its upper quarter begins above the middle.
_QUARTER = 0.6745


def find_outliers(opinions: "OutOfFoldPredictions | None", labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Bool [N]: far outside of the set's own distribution of scores, and of its class's, and doubted to be its class.

    How far is counted robustly, by the upper half of the distribution: strangers themselves do not widen it. A class
    that is strange as a whole, such as one that stands in a single film, has no odd ones.
    """
    odd: NDArray[np.bool_] = np.zeros(len(labels), bool)
    if opinions is None:
        return odd
    score = opinions.unknown_score
    rows = np.flatnonzero((labels >= 0) & np.isfinite(score))
    if len(rows) < _FEWEST:
        return odd
    middle, width = _spread(score[rows])
    far = rows[(score[rows] - middle) > _FAR * width]
    for label in np.unique(labels[far]).tolist():
        its_middle, its_width = _spread(score[rows[labels[rows] == label]])
        own = far[labels[far] == label]
        odd[own] = score[own] - its_middle > _FAR_IN_CLASS * max(its_width, width / 2)
    said = opinions.probabilities[np.arange(len(labels)), labels]
    odd &= ~(said >= _LIKELY)
    return odd


def _spread(scores: NDArray[np.float32]) -> tuple[float, float]:
    middle, upper = np.quantile(scores, [0.5, 0.75])
    return float(middle), max(float(upper - middle) / _QUARTER, 1e-6)
