"""Metrics of decisions: rates of unknown pictures respect groups and copies."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from discern.bundle import Thresholds
from discern.evaluating.intervals import TOO_FEW
from discern.flow.evaluate.decision_metrics import KnownPredictions, UnknownPredictions, evaluate_decisions


@dataclass(frozen=True)
class Rules:
    labels: tuple[str, ...] = ("a", "b")
    ordered: bool = False
    thresholds: Thresholds = field(default_factory=lambda: Thresholds(unknown=0.5, accept=0.8))
    policy: dict[str, Any] | None = field(default_factory=dict)
    unjudged: tuple[str, ...] = ()


def known(size: int = 60) -> KnownPredictions:
    truth = np.arange(size) % 2
    return KnownPredictions(
        truth=truth,
        probabilities=np.where(truth[:, None] == [0, 1], 0.9, 0.1).astype(np.float32),
        scores=np.zeros(size, np.float32),
        groups=np.arange(size),
        weights=np.ones(size),
        set_thresholds=np.zeros(size, bool),
    )


def unknown(groups: np.ndarray, weights: np.ndarray | None = None) -> UnknownPredictions:
    confident = np.unique(groups, return_inverse=True)[1] % 4 == 0
    return UnknownPredictions(
        probabilities=np.where(confident[:, None], [0.9, 0.1], [0.6, 0.4]).astype(np.float32),
        scores=np.zeros(len(groups), np.float32),
        groups=groups,
        weights=np.ones(len(groups)) if weights is None else weights,
    )


def accepted(groups: np.ndarray, weights: np.ndarray | None = None):
    found = evaluate_decisions(Rules(), known(), unknown(groups, weights), seed=0).unknown_accepted
    assert found is not None
    return found


def test_frames_of_a_film_count_as_dependent() -> None:
    films = accepted(np.repeat(np.arange(40), 10))
    alone = accepted(np.arange(40))
    assert films.value == alone.value == 0.25
    assert (films.low, films.high) == (alone.low, alone.high)


def test_a_few_films_are_too_few_groups_for_an_interval() -> None:
    assert accepted(np.repeat(np.arange(8), 50)).note == TOO_FEW


def test_copies_count_as_one_picture() -> None:
    groups = np.r_[np.arange(40), np.zeros(40, int)]
    weights = np.r_[1 / 41, np.ones(39), np.full(40, 1 / 41)]
    assert np.isclose(accepted(groups, weights).value, 0.25)


def test_a_label_that_could_not_be_measured_is_not_accepted() -> None:
    every = evaluate_decisions(Rules(), known(), None, seed=0).share
    without = evaluate_decisions(Rules(unjudged=("b",)), known(), None, seed=0).share
    assert every is not None
    assert without is not None
    assert (every.value, without.value) == (1.0, 0.5)
