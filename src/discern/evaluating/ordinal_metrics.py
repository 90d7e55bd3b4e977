"""Functions that compute the metrics of ordinal classification."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from discern.errors import UsageError
from discern.evaluating.distances import Distances, median_place
from discern.evaluating.group_variance import GroupVariance, Members
from discern.evaluating.intervals import UNDEFINED, Interval, loss_interval, share_of
from discern.evaluating.json_fields import key

_NO_CHANCE = 1e-12


@dataclass(frozen=True, kw_only=True)
class OrdinalMetrics:
    """Error metrics of ordinal classification, with distances counted in labels.

    Attributes:
        mae: mean absolute error.
        rmse: root mean squared error.
        quadratic_kappa: quadratic weighted kappa (Cohen 1968), 1 at best; undefined if truth and predictions are one
            label.
        within_one: share of predictions at most one label off.
        mae_of_median: mean absolute error of always predicting `median`, the best constant prediction.
        gain: `mae_of_median` minus `mae`, with the interval of the paired difference.
        median: index of the weighted median label of the truth.
    """

    mae: Interval
    rmse: Interval
    quadratic_kappa: Interval
    within_one: Interval
    mae_of_median: Interval
    gain: Interval
    median: int

    def to_json(self) -> dict[str, Any]:
        """Convert the ordinal metrics to JSON-ready values, with null for undefined ones."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class OrderedLabelMetrics:
    """Metrics of ordinal classification, with distances in labels, the label order and the selected head.

    Attributes:
        labels: the labels in their order.
        chosen: name of the head that was selected.
        mae: mean absolute error.
        rmse: root mean squared error.
        quadratic_kappa: quadratic weighted kappa, 1 at best.
        within_one: share of predictions at most one label off.
        constant_mae: mean absolute error of always predicting `constant`.
        constant: the label of the constant prediction: the weighted median.
        gain: `constant_mae` minus `mae`, with the interval of the paired difference.
    """

    labels: tuple[str, ...] = ()
    chosen: str | None = None
    mae: Interval = UNDEFINED
    rmse: Interval = UNDEFINED
    quadratic_kappa: Interval = field(default=UNDEFINED, metadata=key("kappa"))
    within_one: Interval = UNDEFINED
    constant_mae: Interval = UNDEFINED
    constant: str | None = None
    gain: Interval = UNDEFINED

    @classmethod
    def of(cls, metrics: OrdinalMetrics, *, labels: tuple[str, ...], chosen: str | None = None) -> Self:
        """Join ordinal metrics with the labels in their order and the name of the head that was selected."""
        return cls(
            labels=labels,
            chosen=chosen,
            mae=metrics.mae,
            rmse=metrics.rmse,
            quadratic_kappa=metrics.quadratic_kappa,
            within_one=metrics.within_one,
            constant_mae=metrics.mae_of_median,
            constant=labels[metrics.median],
            gain=metrics.gain,
        )


def evaluate_ordinal(
    truth: np.ndarray,
    predicted: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    seed: int = 0,  # noqa: ARG001 - callers of earlier versions pass it
) -> OrdinalMetrics:
    """Compute error and agreement metrics of ordinal predictions.

    Predictions by `bundle.median_label` minimise the expected distance.

    Args:
        truth: int [N], indices in the order of the labels.
        predicted: int [N], likewise.
        groups: [N], dependent pictures share a value; None if all are independent.
        weights: float [N], 0 or more; None for 1 each.
        seed: without effect, as nothing is drawn.

    Raises:
        UsageError: no pictures, wrong shapes, or indices that are not integers of 0 or more.
    """
    for places in (truth, predicted):
        if places.ndim != 1 or places.shape != truth.shape or not np.issubdtype(places.dtype, np.integer):
            raise UsageError(f"Label indices must be one integer for each picture, not {places.dtype} {places.shape}.")
    members = Members.of(len(truth), groups, weights)
    if members.count == 0:
        raise UsageError(
            "There is nothing to evaluate: all weights are 0.", hint="Pass at least one picture with a weight above 0."
        )
    if min(truth.min(), predicted.min()) < 0:
        raise UsageError("A label index is below 0.", hint="Leave out pictures without a label.")
    median = median_place(truth, members.weight)
    off, off_median = np.abs(truth - predicted).astype(np.float64), np.abs(truth - median).astype(np.float64)
    found = Distances.of(off, off_median, members)
    return OrdinalMetrics(
        mae=found.mae,
        rmse=found.rmse,
        quadratic_kappa=_kappa(truth.astype(np.float64), predicted.astype(np.float64), members),
        within_one=share_of((off <= 1).astype(np.float64), members),
        mae_of_median=found.constant_mae,
        gain=found.gain,
        median=median,
    )


def _kappa(truth: np.ndarray, predicted: np.ndarray, members: Members) -> Interval:
    """Compute the quadratic weighted kappa: 1 minus the squared error as a share of the error by chance."""
    share = members.weight / members.weight.sum()
    square, of_truth, of_predicted = (truth - predicted) ** 2, share @ truth, share @ predicted
    by_chance = truth**2 + predicted**2 - 2 * (truth * of_predicted + predicted * of_truth - of_truth * of_predicted)
    error, chance = float(share @ square), float(share @ by_chance)
    if chance <= _NO_CHANCE:
        return Interval(value=None, note="truth and predictions are one label")
    loss = error / chance
    variance = GroupVariance.of(share, (square - loss * by_chance) / chance, members)
    lost = loss_interval(loss, variance, pseudo=(0.0, 1 / chance))
    low, high = (None if end is None else max(-1.0, 1 - end) for end in (lost.high, lost.low))
    return Interval(value=1 - loss, low=low, high=high, note=lost.note)
