"""What becomes of an answer: from which confidence it stands, and which labels it leaves open."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from discern.bundle import Thresholds, label_sets
from discern.evaluating import ConformalMetrics, evaluate_prediction_sets
from discern.heads import Basis, RiskControl, fit_prediction_sets, fit_risk_control
from discern.splitting import Split
from discern.splitting.folds import assign_folds
from discern.training.config import TrainConfig
from discern.training.fit import FitResult, HeldOutPredictions, ScoredPredictions, TrainingData

_SHARES = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class AcceptPolicy:
    """Where the decision changes, and how that is known.

    Attributes:
        thresholds: what the bundle decides by.
        promise: about errors among accepted answers; None: none was asked for, and nothing is accepted.
        sets: what the sets of labels are worth, JSON-ready; None: none were asked for.
    """

    thresholds: Thresholds
    promise: RiskControl | None
    sets: ConformalMetrics | None

    def policy(self) -> dict[str, Any] | None:
        """The promise with its evidence, JSON-ready."""
        return None if self.promise is None else self.promise.to_json()


def choose_policy(material: TrainingData, split: Split, learned: FitResult, config: TrainConfig) -> AcceptPolicy:
    """Set the thresholds by answers to pictures that were held out."""
    honest = learned.honest
    basis: Basis = "held-out" if split.method == "test-part" else "cross-fitted"
    promise = None if config.at_most_wrong is None else _best_promise(material, split, learned, config.at_most_wrong)
    sets = None if config.coverage is None else _sets(material, split, honest, config, basis)
    thresholds = Thresholds(
        unknown=learned.final.t_unknown,
        accept=None if promise is None else promise.t_accept,
        false_rejection=config.head.false_rejection,
        label_set=None if sets is None else sets.threshold,
    )
    return AcceptPolicy(thresholds=thresholds, promise=promise, sets=sets)


def _best_promise(material: TrainingData, split: Split, learned: FitResult, risk: float) -> RiskControl:
    """By the test part where it is large enough; else what all held-out answers let one estimate."""
    if split.method != "test-part":
        return _promise(material, split, learned.honest, risk, "cross-fitted")
    strict = _promise(material, split, learned.honest, risk, "held-out")
    if strict.t_accept is not None:
        return strict
    wide = _promise(material, split, _together(learned.honest, learned.chosen_by), risk, "cross-fitted")
    return strict if wide.t_accept is None else wide


def _together(one: ScoredPredictions, other: ScoredPredictions) -> ScoredPredictions:
    arrays = {field.name: [getattr(held, field.name) for held in (one, other)] for field in fields(ScoredPredictions)}
    return ScoredPredictions(**{name: np.concatenate(pair) for name, pair in arrays.items()})


def _promise(material: TrainingData, split: Split, honest: ScoredPredictions, risk: float, basis: Basis) -> RiskControl:
    return fit_risk_control(
        honest.probabilities.max(axis=1),
        honest.probabilities.argmax(axis=1) == material.catalog.label_index[honest.rows],
        groups=split.group[honest.rows],
        known=honest.unknown_score <= honest.t_unknown,
        weights=material.weights(honest.rows),
        risk=risk,
        basis=basis,
    )


def _sets(
    material: TrainingData, split: Split, honest: HeldOutPredictions, config: TrainConfig, basis: Basis
) -> ConformalMetrics:
    """The threshold fitted on all held-out answers, and what thresholds fitted on four fifths are worth on the rest."""
    assert config.coverage is not None
    truth, groups = material.catalog.label_index[honest.rows], split.group[honest.rows]
    weights = material.weights(honest.rows)
    part = assign_folds(truth, groups, [1.0] * _SHARES, seed=config.seed)
    inside = np.zeros(honest.probabilities.shape, bool)
    for number in np.unique(part):
        judged, others = part == number, part != number
        threshold = _fit_sets(honest.probabilities[others], truth[others], groups[others], weights[others], config)
        inside[judged] = label_sets(honest.probabilities[judged], threshold)
    labels = material.catalog.labels
    metrics = evaluate_prediction_sets(inside, truth, labels=labels, groups=groups, weights=weights, seed=config.seed)
    return ConformalMetrics(
        coverage=metrics.coverage,
        coverage_of_groups=metrics.coverage_of_groups,
        size=metrics.size,
        single=metrics.single,
        per_class=metrics.per_class,
        target=config.coverage,
        threshold=_fit_sets(honest.probabilities, truth, groups, weights, config),
        basis=basis,
        guaranteed=basis == "held-out",
    )


def _fit_sets(
    probabilities: np.ndarray, truth: np.ndarray, groups: np.ndarray, weights: np.ndarray, config: TrainConfig
) -> float:
    assert config.coverage is not None
    if not len(truth):
        return 0.0
    return fit_prediction_sets(probabilities, truth, groups=groups, weights=weights, coverage=config.coverage)
