"""Functions that compute the coverage and size of conformal prediction sets."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

import numpy as np

from discern.errors import UsageError
from discern.evaluating.group_variance import Members
from discern.evaluating.intervals import UNDEFINED, Interval, evaluate_share, loss_interval, mean_variance, share_of
from discern.evaluating.json_fields import key


@dataclass(frozen=True, kw_only=True)
class ClassCoverage:
    """Coverage of conformal prediction sets for the images of one class.

    Attributes:
        label: the class.
        coverage: share of its pictures whose set contains it.
    """

    label: str
    coverage: Interval


@dataclass(frozen=True, kw_only=True)
class PredictionSetMetrics:
    """Coverage and mean size of conformal prediction sets.

    Attributes:
        coverage: share of pictures whose set contains the true label.
        coverage_of_groups: likewise with equal weight for each group, which is what the threshold is calibrated for.
        size: mean number of labels in a set.
        single: share of sets with one label.
        per_class: coverage of each class.
    """

    coverage: Interval
    coverage_of_groups: Interval
    size: Interval
    single: Interval
    per_class: tuple[ClassCoverage, ...]

    def to_json(self) -> dict[str, Any]:
        """Convert the coverage and size to JSON-ready values, with null for undefined ones."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ConformalMetrics:
    """Coverage and size of conformal prediction sets, with their threshold and target.

    Attributes:
        coverage: share of pictures whose set contains the true label.
        coverage_of_groups: likewise with equal weight for each group.
        size: mean number of labels in a set.
        single: share of sets with one label.
        per_class: coverage of each class.
        target: the stated coverage.
        threshold: probability from which a label is in the set of the shipped model.
        basis: "held-out" or "cross-fitted".
        guaranteed: True if the coverage is guaranteed for exchangeable groups, False if it is an estimate.
    """

    coverage: Interval = UNDEFINED
    coverage_of_groups: Interval = UNDEFINED
    size: Interval = UNDEFINED
    single: Interval = UNDEFINED
    per_class: tuple[ClassCoverage, ...] = ()
    target: float | None = field(default=None, metadata=key("asked"))
    threshold: float | None = None
    basis: str | None = None
    guaranteed: bool | None = None

    @classmethod
    def of(
        cls,
        sets: PredictionSetMetrics,
        *,
        target: float | None,
        threshold: float | None,
        guaranteed: bool,
        basis: str | None = None,
    ) -> Self:
        """Join the metrics of prediction sets with their threshold and their target."""
        measured = {each.name: getattr(sets, each.name) for each in fields(sets)}
        return cls(**measured, target=target, threshold=threshold, basis=basis, guaranteed=guaranteed)


def evaluate_prediction_sets(
    sets: np.ndarray,
    truth: np.ndarray,
    *,
    labels: Sequence[str],
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    seed: int = 0,  # noqa: ARG001 - callers of earlier versions pass it
) -> PredictionSetMetrics:
    """Compute the coverage and size of conformal prediction sets.

    Neither the model nor the threshold may be fitted on these pictures.

    Args:
        sets: bool [N, K], labels in each set.
        truth: int [N], indices into `labels`.
        labels: the K classes.
        groups: [N], dependent pictures share a value; None if all are independent.
        weights: float [N], 0 or more; None for 1 each.
        seed: without effect, as nothing is drawn.

    Raises:
        UsageError: no pictures, wrong shapes, or an index outside `labels`.
    """
    if sets.shape != (len(truth), len(labels)) or sets.dtype != np.bool_:
        raise UsageError(
            f"Sets must be bool ({len(truth)}, {len(labels)}), pictures by labels, not {sets.dtype} {sets.shape}."
        )
    members = Members.of(len(truth), groups, weights)
    if members.count == 0:
        raise UsageError(
            "There is nothing to evaluate: all weights are 0.", hint="Pass at least one picture with a weight above 0."
        )
    if truth.min() < 0 or truth.max() >= len(labels):
        raise UsageError("A true label is outside the labels.", hint="Leave out pictures without a label.")
    covered, sizes = sets[np.arange(len(truth)), truth], sets.sum(axis=1)
    whole = np.bincount(members.group, members.weight)
    shared = members.weight / np.where(whole > 0, whole, 1.0)[members.group]
    return PredictionSetMetrics(
        coverage=evaluate_share(covered, groups=groups, weights=weights),
        coverage_of_groups=evaluate_share(covered, groups=groups, weights=shared),
        size=_mean_size(sizes, members, len(labels)),
        single=evaluate_share(sizes == 1, groups=groups, weights=weights),
        per_class=tuple(
            ClassCoverage(label=label, coverage=_class_coverage(covered, truth == place, members))
            for place, label in enumerate(labels)
        ),
    )


def _mean_size(sizes: np.ndarray, members: Members, classes: int) -> Interval:
    mean, variance = mean_variance(sizes, members)
    # The pseudo-group's sets have as many labels or one more.
    return loss_interval(mean, variance, pseudo=(mean, mean + 1), most=float(classes))


def _class_coverage(covered: np.ndarray, own: np.ndarray, members: Members) -> Interval:
    rows = np.flatnonzero(own & (members.weight > 0))
    return share_of(covered[rows].astype(np.float64), members.of_rows(rows))
