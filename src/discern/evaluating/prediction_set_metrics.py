"""Whether sets of labels hold the truth as often as they should, and how many labels that takes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from discern.errors import UsageError
from discern.evaluating.intervals import Interval, Members, evaluate_share, mean_interval, resample


@dataclass(frozen=True, kw_only=True)
class ClassCoverage:
    """The share of one class's pictures whose set holds it; undefined where the class was not judged."""

    label: str
    coverage: Interval


@dataclass(frozen=True, kw_only=True)
class PredictionSetMetrics:
    """What sets of labels are worth.

    Attributes:
        coverage: the share of pictures whose set holds the truth.
        coverage_of_groups: the same with each group counting once, its pictures sharing that: what was calibrated.
        size: the mean number of labels in a set.
        single: the share of sets with one label.
        per_class: the coverage of each class.
    """

    coverage: Interval
    coverage_of_groups: Interval
    size: Interval
    single: Interval
    per_class: tuple[ClassCoverage, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready, null where undefined."""
        return asdict(self)


def evaluate_prediction_sets(
    sets: np.ndarray,
    truth: np.ndarray,
    *,
    labels: Sequence[str],
    groups: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    seed: int = 0,
) -> PredictionSetMetrics:
    """Judge sets for pictures that neither the head nor their threshold was fitted on.

    Args:
        sets: bool [N, K], the labels in each set.
        truth: int [N], positions in `labels`.
        labels: the K classes.
        groups: [N], pictures that are not independent share a value; None: all are independent.
        weights: float [N], at least 0; None: each picture weighs 1.
        seed: of the resampling.

    Raises:
        UsageError: no pictures, wrong shapes, or a truth that is no class.
    """
    if sets.shape != (len(truth), len(labels)) or sets.dtype != np.bool_:
        raise UsageError(f"Sets {sets.dtype} {sets.shape} must be bool, {len(truth)} pictures by {len(labels)} labels.")
    members = Members.of(len(truth), groups, weights)
    if members.count == 0:
        raise UsageError("There is nothing to judge: no picture weighs anything.", hint="Judge at least one picture.")
    if truth.min() < 0 or truth.max() >= len(labels):
        raise UsageError("A truth names no label.", hint="Leave out pictures without a label.")
    held, sizes = sets[np.arange(len(truth)), truth], sets.sum(axis=1)
    whole = np.bincount(members.group, members.weight)
    shared = members.weight / np.where(whole > 0, whole, 1.0)[members.group]
    return PredictionSetMetrics(
        coverage=evaluate_share(held, groups=groups, weights=weights, seed=seed),
        coverage_of_groups=evaluate_share(held, groups=groups, weights=shared, seed=seed),
        size=_mean(sizes, members, seed),
        single=evaluate_share(sizes == 1, groups=groups, weights=weights, seed=seed),
        per_class=tuple(
            ClassCoverage(label=label, coverage=_of_class(held, truth == place, members, seed))
            for place, label in enumerate(labels)
        ),
    )


def _mean(values: np.ndarray, members: Members, seed: int) -> Interval:
    columns = members.columns(np.ones(len(values)), values)
    total, summed = columns.sum(axis=0)
    draws = resample(columns, seed=seed)
    return mean_interval(float(summed / total), draws[:, 1] / draws[:, 0], groups=members.count)


def _of_class(held: np.ndarray, own: np.ndarray, members: Members, seed: int) -> Interval:
    return evaluate_share(held[own], groups=members.group[own], weights=members.weight[own], seed=seed)
