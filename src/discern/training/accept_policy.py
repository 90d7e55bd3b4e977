"""Functions that choose decision thresholds of a classifier from held-out predictions."""

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from discern.bundle import Thresholds, label_sets
from discern.evaluating import ConformalMetrics, evaluate_prediction_sets
from discern.heads import (
    LIMITS,
    Basis,
    RiskControl,
    fit_confidence_floor,
    fit_prediction_sets,
    fit_risk_control,
    fit_strictest_limit,
)
from discern.splitting import Split
from discern.splitting.folds import assign_folds
from discern.training.config import AUTO, TrainConfig
from discern.training.data import TrainingData
from discern.training.methods import FitResult
from discern.training.predictions import HeldOutPredictions, ScoredPredictions

LOOKALIKES_ONLY = (
    "This was earned on pictures with look-alikes among the learned ones, and says nothing about pictures of other "
    "subjects, places or sessions."
)
# Folds for the evaluation of prediction sets; not tuned.
_SET_FOLDS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class AcceptPolicy:
    """Decision thresholds of a classifier, with the evidence for them.

    Attributes:
        thresholds: the thresholds for the bundle.
        risk_control: error among accepted predictions; None if no error limit was stated, and nothing is accepted.
        conformal: coverage and size of prediction sets; None if no coverage was stated.
        asked: the stated error limit, or "auto"; None for none.
        offer: the strictest looser error limit that holds, where the stated one does not; else None.
        condition: sentence on the kind of pictures that it was earned on; "" for all like those of the data set.
    """

    thresholds: Thresholds
    risk_control: RiskControl | None
    conformal: ConformalMetrics | None
    asked: float | Literal["auto"] | None = None
    offer: RiskControl | None = None
    condition: str = ""

    @property
    def sentence(self) -> str | None:
        """Return the policy in plain words, with its condition; None without risk control."""
        return None if self.risk_control is None else self._on_condition(self.risk_control)

    @property
    def offered(self) -> dict[str, Any] | None:
        """Return the offer as JSON-ready values, with the condition in its sentence; None without one."""
        if self.offer is None:
            return None
        return describe_offer(self.offer) | {"sentence": self._on_condition(self.offer)}

    def _on_condition(self, control: RiskControl) -> str:
        accepts = control.t_accept is not None
        return f"{control.sentence} {self.condition}".rstrip() if accepts else control.sentence

    def to_json(self) -> dict[str, Any] | None:
        """Return the accept policy as JSON-ready values for the bundle, or None without risk control."""
        if self.risk_control is None:
            return None
        plain = self.risk_control.to_json() | {"sentence": self.sentence}
        return plain | {"asked": self.asked, "offered": self.offered}


def describe_offer(offer: RiskControl, *, source: str = "SOURCE") -> dict[str, Any]:
    """Return an error limit that would hold, as JSON-ready values with the command that applies it."""
    command = f"discern train {source} --at-most-wrong {100 * offer.risk:g}%"
    return {"risk": offer.risk, "share": offer.share, "sentence": offer.sentence, "command": command}


def choose_policy(data: TrainingData, split: Split, result: FitResult, config: TrainConfig) -> AcceptPolicy:
    """Choose the decision thresholds of a classifier from its held-out predictions."""
    basis: Basis = "held-out" if split.method == "test-part" else "cross-fitted"
    asked, fitter = config.at_most_wrong, _LimitFitter(data, split, result)
    control = None if asked is None else fitter.fit(asked)
    unkept = control is not None and control.t_accept is None
    offer = fitter.offer(asked) if unkept and asked is not None and asked != AUTO else None
    sets = None if config.coverage is None else _evaluate_sets(data, split, result.held_out, config, basis)
    thresholds = Thresholds(
        unknown=result.t_unknown,
        accept=None if control is None else control.t_accept,
        false_rejection=config.head.false_rejection,
        label_set=None if sets is None else sets.threshold,
    )
    return AcceptPolicy(thresholds=thresholds, risk_control=control, conformal=sets, asked=asked, offer=offer)


class _LimitFitter:
    """Fitter of the confidence threshold for accepting predictions within an error limit.

    A test part that is too small is replaced with all held-out predictions, which give an estimate; so is one that
    proves a looser limit only, if the limit is "auto".
    """

    def __init__(self, data: TrainingData, split: Split, result: FitResult) -> None:
        self._data, self._split, self._result = data, split, result
        self._has_test_part = split.method == "test-part"
        every = _concatenate(result.held_out, result.out_of_fold) if self._has_test_part else result.held_out
        self._every = self._describe(every)

    def fit(self, limit: float | Literal["auto"]) -> RiskControl:
        if not self._has_test_part:
            return self._fit(limit, self._every, "cross-fitted")
        strict = self._fit(limit, self._describe(self._result.held_out), "held-out")
        if strict.t_accept is not None and (limit != AUTO or strict.risk == LIMITS[-1]):
            return strict
        estimate = self._fit(limit, self._every, "cross-fitted")
        unneeded = strict.t_accept is not None and strict.risk <= estimate.risk
        return strict if estimate.t_accept is None or unneeded else estimate

    def offer(self, asked: float) -> RiskControl | None:
        """Fit the strictest error limit that is looser than a given one and holds; each looser one must hold, too."""
        found = None
        for limit in LIMITS:
            control = self.fit(limit) if limit > asked else None
            if control is None or control.t_accept is None:
                break
            found = control
        return found

    def _fit(self, limit: float | Literal["auto"], predictions: dict[str, np.ndarray], basis: Basis) -> RiskControl:
        if limit == AUTO:
            return fit_strictest_limit(**predictions, floor_of=self._floor, basis=basis)
        return fit_risk_control(**predictions, risk=limit, floor=self._floor(limit), basis=basis)

    def _floor(self, limit: float) -> float:
        evidence = {name: self._every[name] for name in ("confidence", "correct", "known", "weights")}
        return fit_confidence_floor(**evidence, risk=limit)

    def _describe(self, predictions: ScoredPredictions) -> dict[str, np.ndarray]:
        rows, label = predictions.rows, predictions.probabilities.argmax(axis=1)
        judged = ~np.isin(self._data.catalog.labels, self._split.unevaluated)
        return {
            "confidence": predictions.probabilities.max(axis=1),
            "correct": label == self._data.catalog.label_index[rows],
            "groups": self._split.group[rows],
            "known": (predictions.unknown_score <= predictions.t_unknown) & judged[label],
            "weights": self._data.weights(rows),
        }


def _concatenate(first: ScoredPredictions, second: ScoredPredictions) -> ScoredPredictions:
    arrays = {
        field.name: [getattr(each, field.name) for each in (first, second)] for field in fields(ScoredPredictions)
    }
    return ScoredPredictions(**{name: np.concatenate(pair) for name, pair in arrays.items()})


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
    return ConformalMetrics.of(
        metrics,
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
