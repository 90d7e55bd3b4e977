"""Whatever the answers, our figures are scikit-learn's where it has them, and always possible ones."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from discern.evaluating import evaluate_predictions, evaluate_share, paired_difference


@st.composite
def answers(draw):
    classes = draw(st.integers(2, 6))
    size = draw(st.integers(1, 60))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth = random.integers(0, classes, size)
    logits = random.normal(size=(size, classes)) * draw(st.floats(0.1, 4))
    logits[np.arange(size), truth] += draw(st.floats(-1, 4))
    probabilities = np.exp(logits)
    weights = random.integers(1, 5, size) / 2.0
    groups = random.integers(0, max(1, size // draw(st.integers(1, 3))), size)
    return truth, probabilities / probabilities.sum(axis=1, keepdims=True), weights, groups


def figures_of(drawn, **options):
    truth, probabilities, weights, groups = drawn
    labels = [str(each) for each in range(probabilities.shape[1])]
    return evaluate_predictions(truth, probabilities, labels=labels, groups=groups, weights=weights, **options)


@settings(max_examples=50, deadline=None)
@given(answers())
def test_figures_agree_with_scikit_learn(drawn):
    truth, probabilities, weights, _ = drawn
    called = probabilities.argmax(axis=1)
    figures = figures_of(drawn)
    present = np.unique(truth)
    every = np.arange(probabilities.shape[1])
    options = {"labels": present, "average": "macro", "zero_division": 0, "sample_weight": weights}
    recall = metrics.recall_score(truth, called, **options)
    np.testing.assert_allclose(figures.accuracy.value, metrics.accuracy_score(truth, called, sample_weight=weights))
    np.testing.assert_allclose(figures.balanced_accuracy.value, recall)
    np.testing.assert_allclose(figures.macro_f1.value, metrics.f1_score(truth, called, **options))
    expected = metrics.log_loss(truth, probabilities, labels=every, sample_weight=weights)
    np.testing.assert_allclose(figures.log_loss.value, expected)
    expected = metrics.confusion_matrix(truth, called, labels=every, sample_weight=weights)
    np.testing.assert_allclose(figures.confusion, expected)


@settings(max_examples=50, deadline=None)
@given(answers())
def test_brier_agrees_with_its_definition(drawn):
    truth, probabilities, weights, _ = drawn
    squared = ((probabilities - np.eye(probabilities.shape[1])[truth]) ** 2).sum(axis=1)
    np.testing.assert_allclose(figures_of(drawn).brier.value, np.average(squared, weights=weights), atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(answers())
def test_every_class_agrees_with_scikit_learn(drawn):
    truth, probabilities, weights, _ = drawn
    every = np.arange(probabilities.shape[1])
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, probabilities.argmax(axis=1), labels=every, zero_division=0, sample_weight=weights
    )
    for number, ours in enumerate(figures_of(drawn).per_class):
        np.testing.assert_allclose(ours.support, support[number])
        if ours.support:
            np.testing.assert_allclose(ours.precision or 0.0, precision[number])
            np.testing.assert_allclose(ours.recall.value, recall[number])
            np.testing.assert_allclose(ours.f1, f1[number])


@settings(max_examples=50, deadline=None)
@given(answers())
def test_intervals_hold_their_value_and_stay_possible(drawn):
    figures = figures_of(drawn)
    json.dumps(figures.to_json(), allow_nan=False)
    shares = [figures.accuracy, figures.balanced_accuracy, figures.macro_f1, figures.calibration.ece]
    for each in (*shares, *(one.recall for one in figures.per_class)):
        if each.low is not None:
            assert 0 <= each.low <= each.value <= each.high <= 1


@settings(max_examples=30, deadline=None)
@given(answers(), st.integers(0, 2**32 - 1))
def test_the_order_of_the_pictures_does_not_matter(drawn, seed):
    shuffled = np.random.default_rng(seed).permutation(len(drawn[0]))
    first, again = figures_of(drawn), figures_of(tuple(each[shuffled] for each in drawn))
    np.testing.assert_allclose(again.accuracy.value, first.accuracy.value)
    np.testing.assert_allclose(again.calibration.ece.value, first.calibration.ece.value, atol=1e-9)
    if first.accuracy.low is not None:
        np.testing.assert_allclose(again.accuracy.low, first.accuracy.low)


@settings(max_examples=40, deadline=None)
@given(answers())
def test_a_difference_is_that_of_the_shares(drawn):
    truth, probabilities, weights, groups = drawn
    a = probabilities.argmax(axis=1) == truth
    b = np.roll(a, 1)
    difference = paired_difference(a, b, groups=groups, weights=weights)
    one, other = (evaluate_share(each, groups=groups, weights=weights) for each in (a, b))
    np.testing.assert_allclose(difference.value, one.value - other.value, atol=1e-12)
    if difference.low is not None:
        assert -1 <= difference.low <= difference.value <= difference.high <= 1
