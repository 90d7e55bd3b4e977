"""Functions that compute the metrics of out-of-distribution detection."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from discern.errors import UsageError
from discern.evaluating.group_variance import GroupVariance, Members
from discern.evaluating.intervals import Interval, share_interval, share_of
from discern.evaluating.json_fields import encode_fields, key


@dataclass(frozen=True, kw_only=True)
class UnknownMetrics:
    """AUROC and error rates of out-of-distribution detection.

    Attributes:
        auroc: probability that a negative scores higher than a known picture; ties count half.
        kept: share of known pictures at or below the threshold.
        rejected: share of negatives above it.
        known: number of known pictures.
        negatives: number of negatives.
    """

    auroc: Interval
    kept: Interval
    rejected: Interval
    known: int
    negatives: int = field(metadata=key("strangers"))

    def to_json(self) -> dict[str, Any]:
        """Convert the detection metrics to JSON-ready values, with null for undefined ones."""
        return encode_fields(self)


def evaluate_unknown_detection(
    known_scores: np.ndarray,
    negative_scores: np.ndarray,
    threshold: float,
    *,
    known_groups: np.ndarray | None = None,
    negative_groups: np.ndarray | None = None,
    known_weights: np.ndarray | None = None,
    negative_weights: np.ndarray | None = None,
    seed: int = 0,  # noqa: ARG001 - callers of earlier versions pass it
) -> UnknownMetrics:
    """Compute detection metrics from the out-of-distribution scores of known images and negatives.

    Args:
        known_scores: float [N], higher is farther from the training pictures.
        negative_scores: float [M].
        threshold: scores above it are called unknown.
        known_groups: [N], dependent pictures share a value; None if all are independent.
        negative_groups: [M], likewise.
        known_weights: float [N]; None for 1 each.
        negative_weights: float [M], likewise.
        seed: without effect, as nothing is drawn.

    Raises:
        UsageError: a score is not finite, the threshold is NaN, or a shape is wrong.
    """
    known, negatives = _checked(known_scores), _checked(negative_scores)
    if np.isnan(threshold):
        raise UsageError("The threshold of the unknown score is NaN.")
    of_known = Members.of(len(known), known_groups, known_weights)
    of_negatives = Members.of(len(negatives), negative_groups, negative_weights)
    return UnknownMetrics(
        auroc=_auroc(known, negatives, of_known, of_negatives),
        kept=share_of((known <= threshold).astype(np.float64), of_known),
        rejected=share_of((negatives > threshold).astype(np.float64), of_negatives),
        known=len(known),
        negatives=len(negatives),
    )


def _auroc(known: np.ndarray, negatives: np.ndarray, of_known: Members, of_negatives: Members) -> Interval:
    """Compute the area under the ROC curve (AUROC) with a confidence interval.

    It is the Mann-Whitney statistic. As in DeLong et al. (1988), its variance is the sum of those of two means: of the
    share of known pictures below each negative, and of the share of negatives above each known picture.
    """
    if of_known.count == 0 or of_negatives.count == 0:
        return Interval(value=None, note="needs known pictures and negatives")
    above = _share_below(negatives, known, of_known.weight)
    below = 1 - _share_below(known, negatives, of_negatives.weight)
    value = float(np.clip((of_negatives.weight * above).sum() / of_negatives.weight.sum(), 0.0, 1.0))
    sides = [
        GroupVariance.of(members.weight / members.weight.sum(), placed - value, members)
        for placed, members in ((above, of_negatives), (below, of_known))
    ]
    return share_interval(value, GroupVariance.sum_of(sides, unit=value * (1 - value)))


def _share_below(scores: np.ndarray, others: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Compute the weighted share of other scores below each score, where equal ones count half."""
    order = np.argsort(others, kind="stable")
    cumulative = np.concatenate([[0.0], np.cumsum(weight[order])])
    places = (np.searchsorted(others[order], scores, side=side) for side in ("left", "right"))
    return np.asarray(sum(cumulative[place] for place in places) / (2 * cumulative[-1]))


def _checked(scores: np.ndarray) -> np.ndarray:
    checked = np.asarray(scores, dtype=np.float64)
    if checked.ndim != 1 or not np.isfinite(checked).all():
        raise UsageError(f"Unknown scores must be finite numbers, one for each picture, not shape {checked.shape}.")
    return checked
