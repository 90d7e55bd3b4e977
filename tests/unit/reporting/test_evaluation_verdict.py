"""Sentences and notes on an evaluation."""

import numpy as np
import pytest

from discern.evaluating import Interval, LeakFreeAccuracy, Metrics, evaluate_predictions
from discern.evaluating.metrics_schema import AccuracyMetrics
from discern.reporting import MeasuredPolicy
from discern.reporting.evaluation_verdict import comparison_sentence, evaluation_notes, evaluation_sentences


def metrics(value: float | None = 0.9, low: float | None = 0.85, high: float | None = 0.94) -> Metrics:
    classification = evaluate_predictions(
        np.zeros(40, np.int64), np.tile([1.0, 0.0], (40, 1)), labels=("a", "b"), groups=np.arange(40)
    )
    accuracy = AccuracyMetrics(leak_free=LeakFreeAccuracy(value=value, low=low, high=high))
    return Metrics(accuracy=accuracy, classification=classification)


def told(*given, **more) -> str:
    return " ".join(evaluation_sentences(*given, **more)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ((0.97, 0.95, 0.99), "had measured 97.0 % (95.0 to 99.0 %): these pictures are harder for it"),
        ((0.8, 0.7, 0.84), "these pictures are easier for it."),
        ((0.91, 0.88, 0.95), "had measured 91.0 % (88.0 to 95.0 %)."),
        ((0.91, None, None), "had measured 91.0 %."),
    ],
)
def test_the_accuracy_is_compared_with_that_of_the_training(stated, words):
    assert words in told(metrics(), metrics(*stated), None, None)


def test_an_accuracy_without_interval_says_why():
    assert "too few independent pictures for an interval" in told(metrics(low=None), Metrics(), None, None)


def test_the_policy_is_compared_with_its_limit():
    policy = MeasuredPolicy(
        share=Interval(value=0.6, low=0.5, high=0.7),
        error=Interval(value=0.2, low=0.1, high=0.3),
        group_error=Interval(value=0.2, low=0.1, high=0.3),
    )
    text = told(metrics(), Metrics(), policy, 0.05)
    assert "60 % of the predictions are accepted without review; 20.0 % of these pictures are wrong" in text
    assert "The error limit of 5 % does not hold" in text
    nothing = MeasuredPolicy(share=Interval(value=0.0), error=Interval(), group_error=Interval())
    assert "None of the predictions is accepted" in told(metrics(), Metrics(), nothing, 0.05)


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (Interval(value=0.1, low=0.05, high=0.15), "It is better than “b”: +10.0 points"),
        (Interval(value=-0.1, low=-0.15, high=-0.05), "It is worse than “b”"),
        (Interval(value=0.1, low=-0.05, high=0.25), "It cannot be told apart from “b”"),
        (Interval(value=0.1), "too few groups to compare it with “b”"),
        (Interval(), ""),
    ],
)
def test_models_are_compared_in_a_sentence(difference, words):
    assert words in comparison_sentence("b", difference)


def test_a_server_may_have_been_trained_on_these_pictures():
    warnings = [note for note in evaluation_notes(metrics(), published=False) if note.warning]
    assert [note.title for note in warnings] == ["Training pictures are not known"]
    assert not any(note.warning for note in evaluation_notes(metrics(), published=True))
