"""Held-out predictions and the selection of examples."""

import numpy as np
import pytest

from discern.errors import UsageError
from discern.reporting import PredictionTable


def predictions(truth: list[int], predicted: list[int], confidences: list[float]) -> PredictionTable:
    probabilities = np.zeros((len(truth), 3))
    for row, (label, confidence) in enumerate(zip(predicted, confidences, strict=True)):
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
    table = predictions([0, 1], [0, 2], [0.9, 0.6])
    assert table.predicted.tolist() == [0, 2]
    assert table.confidence.tolist() == pytest.approx([0.9, 0.6])


def test_most_confident_errors():
    table = predictions([0, 0, 1, 2], [0, 1, 2, 0], [0.99, 0.7, 0.9, 0.8])
    assert table.most_confident_errors(10) == [2, 3, 1]
    assert table.most_confident_errors(1) == [2]


def test_repetitions_of_one_mix_up_come_last():
    table = predictions([0, 0, 0, 0, 1], [1, 1, 1, 1, 2], [0.99, 0.98, 0.97, 0.96, 0.5])
    assert table.most_confident_errors(3) == [0, 1, 4]
    assert table.most_confident_errors(5) == [0, 1, 4, 2, 3]


def test_no_errors():
    assert predictions([0, 1], [0, 1], [0.9, 0.9]).most_confident_errors(5) == []


def test_the_seed_determines_the_sample():
    table = predictions([0] * 50, [0] * 50, [0.9] * 50)
    assert table.sample(10, seed=1) == table.sample(10, seed=1)
    assert table.sample(10, seed=1) != table.sample(10, seed=2)
    assert len(set(table.sample(10, seed=1))) == 10
    assert len(table.sample(99, seed=1)) == 50


def test_columns_of_different_lengths_are_an_error():
    with pytest.raises(UsageError, match="different lengths"):
        PredictionTable(
            rows=np.arange(2),
            truth=np.arange(2),
            probabilities=np.ones((3, 1)),
            unknown_score=np.zeros(2),
            decision=["review"] * 2,
        )
