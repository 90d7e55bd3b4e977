"""Which answers are worth looking at."""

import numpy as np
import pytest

from discern.errors import UsageError
from discern.reporting import PredictionTable


def answers(truth: list[int], called: list[int], sure: list[float]) -> PredictionTable:
    probabilities = np.zeros((len(truth), 3))
    for row, (label, confidence) in enumerate(zip(called, sure, strict=True)):
        probabilities[row] = (1 - confidence) / 2
        probabilities[row, label] = confidence
    return PredictionTable(
        rows=np.arange(len(truth)) + 100,
        truth=np.array(truth),
        probabilities=probabilities,
        unknown_score=np.zeros(len(truth)),
        decision=["review"] * len(truth),
    )


def test_the_top_class_and_its_confidence():
    given = answers([0, 1], [0, 2], [0.9, 0.6])
    assert given.predicted.tolist() == [0, 2]
    assert given.confidence.tolist() == pytest.approx([0.9, 0.6])


def test_the_worst_are_wrong_and_sure():
    given = answers([0, 0, 1, 2], [0, 1, 2, 0], [0.99, 0.7, 0.9, 0.8])
    assert given.worst(10) == [2, 3, 1]
    assert given.worst(1) == [2]


def test_a_film_of_one_mix_up_does_not_crowd_out_others():
    given = answers([0, 0, 0, 0, 1], [1, 1, 1, 1, 2], [0.99, 0.98, 0.97, 0.96, 0.5])
    assert given.worst(3) == [0, 1, 4]
    assert given.worst(5) == [0, 1, 4, 2, 3]


def test_no_mistakes_no_worst():
    assert answers([0, 1], [0, 1], [0.9, 0.9]).worst(5) == []


def test_a_seed_draws_the_same_and_another_others():
    given = answers([0] * 50, [0] * 50, [0.9] * 50)
    assert given.drawn(10, seed=1) == given.drawn(10, seed=1)
    assert given.drawn(10, seed=1) != given.drawn(10, seed=2)
    assert len(set(given.drawn(10, seed=1))) == 10
    assert len(given.drawn(99, seed=1)) == 50


def test_as_many_of_each_are_needed():
    with pytest.raises(UsageError, match="as many"):
        PredictionTable(
            rows=np.arange(2),
            truth=np.arange(2),
            probabilities=np.ones((3, 1)),
            unknown_score=np.zeros(2),
            decision=["review"] * 2,
        )
