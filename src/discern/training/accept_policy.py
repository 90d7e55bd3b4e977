"""Functions that choose decision thresholds of a classifier from held-out predictions."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from discern.bundle import Thresholds, label_sets
from discern.evaluating import ConformalMetrics, evaluate_prediction_sets
from discern.heads import Basis, RiskControl, fit_prediction_sets, fit_risk_control
from discern.splitting import Split
from discern.splitting.folds import assign_folds
from discern.training.config import TrainConfig
from discern.training.data import TrainingData
from discern.training.methods import FitResult
from discern.training.predictions import HeldOutPredictions, ScoredPredictions

# Folds for the evaluation of prediction sets; not tuned.
_SET_FOLDS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class AcceptPolicy:
    """Decision thresholds of a classifier, with the evidence for them.

    Attributes:
        thresholds: the thresholds for the bundle.
        risk_control: error among accepted predictions; None if no error limit was stated, and nothing is accepted.
        conformal: coverage and size of prediction sets; None if no coverage was stated.
    """

    thresholds: Thresholds
    risk_control: RiskControl | None
    conformal: ConformalMetrics | None

    def to_json(self) -> dict[str, Any] | None:
        """Return the accept policy as JSON-ready values for the bundle, or None without risk control."""
        return None if self.risk_control is None else self.risk_control.to_json()


def choose_policy(data: TrainingData, split: Split, result: FitResult, config: TrainConfig) -> AcceptPolicy:
    """Choose the decision thresholds of a classifier from its held-out predictions."""
    basis: Basis = "held-out" if split.method == "test-part" else "cross-fitted"
    control = None if config.at_most_wrong is None else _control_risk(data, split, result, config.at_most_wrong)
    sets = None if config.coverage is None else _evaluate_sets(data, split, result.held_out, config, basis)
    thresholds = Thresholds(
        unknown=result.t_unknown,
        accept=None if control is None else control.t_accept,
        false_rejection=config.head.false_rejection,
        label_set=None if sets is None else sets.threshold,
    )
    return AcceptPolicy(thresholds=thresholds, risk_control=control, conformal=sets)


def _control_risk(data: TrainingData, split: Split, result: FitResult, risk: float) -> RiskControl:
    """Fit the confidence threshold for accepting predictions within an error limit.

    A test part that is too small is replaced with all held-out predictions, which give an estimate.
    """
    if split.method != "test-part":
        return _fit_risk_control(data, split, result.held_out, risk, "cross-fitted")
    strict = _fit_risk_control(data, split, result.held_out, risk, "held-out")
    if strict.t_accept is not None:
        return strict
    every = _concatenate(result.held_out, result.out_of_fold)
    estimate = _fit_risk_control(data, split, every, risk, "cross-fitted")
    return strict if estimate.t_accept is None else estimate


def _concatenate(first: ScoredPredictions, second: ScoredPredictions) -> ScoredPredictions:
    arrays = {
        field.name: [getattr(each, field.name) for each in (first, second)] for field in fields(ScoredPredictions)
    }
    return ScoredPredictions(**{name: np.concatenate(pair) for name, pair in arrays.items()})


def _fit_risk_control(
    data: TrainingData, split: Split, predictions: ScoredPredictions, risk: float, basis: Basis
) -> RiskControl:
    rows = predictions.rows
    return fit_risk_control(
        predictions.probabilities.max(axis=1),
        predictions.probabilities.argmax(axis=1) == data.catalog.label_index[rows],
        groups=split.group[rows],
        known=predictions.unknown_score <= predictions.t_unknown,
        weights=data.weights(rows),
        risk=risk,
        basis=basis,
    )


def _evaluate_sets(
    data: TrainingData, split: Split, held_out: HeldOutPredictions, config: TrainConfig, basis: Basis
) -> ConformalMetrics:
    """Fit the conformal threshold on all held-out predictions, and cross-validate its coverage."""
    assert config.coverage is not None
    truth, groups = data.catalog.label_index[held_out.rows], split.group[held_out.rows]
    weights = data.weights(held_out.rows)
    fold = assign_folds(truth, groups, [1.0] * _SET_FOLDS, seed=config.seed)
    sets = np.zeros(held_out.probabilities.shape, bool)
    for number in np.unique(fold):
        inside, outside = fold == number, fold != number
        threshold = _fit_sets(
            held_out.probabilities[outside], truth[outside], groups[outside], weights[outside], config
        )
        sets[inside] = label_sets(held_out.probabilities[inside], threshold)
    labels = data.catalog.labels
    metrics = evaluate_prediction_sets(sets, truth, labels=labels, groups=groups, weights=weights, seed=config.seed)
    return ConformalMetrics(
        coverage=metrics.coverage,
        coverage_of_groups=metrics.coverage_of_groups,
        size=metrics.size,
        single=metrics.single,
        per_class=metrics.per_class,
        target=config.coverage,
        threshold=_fit_sets(held_out.probabilities, truth, groups, weights, config),
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
