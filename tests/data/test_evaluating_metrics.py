"""Properties of metrics: equal to scikit-learn's, and always in range."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from discern.evaluating import evaluate_predictions, evaluate_share, paired_difference


@st.composite
def predictions(draw):
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


def evaluate(drawn, **options):
    truth, probabilities, weights, groups = drawn
    labels = [str(each) for each in range(probabilities.shape[1])]
    return evaluate_predictions(truth, probabilities, labels=labels, groups=groups, weights=weights, **options)


@settings(max_examples=50, deadline=None)
@given(predictions())
def test_metrics_agree_with_scikit_learn(drawn):
    truth, probabilities, weights, _ = drawn
    predicted = probabilities.argmax(axis=1)
    result = evaluate(drawn)
    present = np.unique(truth)
    every = np.arange(probabilities.shape[1])
    options = {"labels": present, "average": "macro", "zero_division": 0, "sample_weight": weights}
    recall = metrics.recall_score(truth, predicted, **options)
    np.testing.assert_allclose(result.accuracy.value, metrics.accuracy_score(truth, predicted, sample_weight=weights))
    np.testing.assert_allclose(result.balanced_accuracy.value, recall)
    np.testing.assert_allclose(result.macro_f1.value, metrics.f1_score(truth, predicted, **options))
    expected = metrics.log_loss(truth, probabilities, labels=every, sample_weight=weights)
    np.testing.assert_allclose(result.log_loss.value, expected)
    expected = metrics.confusion_matrix(truth, predicted, labels=every, sample_weight=weights)
    np.testing.assert_allclose(result.confusion, expected)


@settings(max_examples=50, deadline=None)
@given(predictions())
def test_brier_agrees_with_its_definition(drawn):
    truth, probabilities, weights, _ = drawn
    squared = ((probabilities - np.eye(probabilities.shape[1])[truth]) ** 2).sum(axis=1)
    np.testing.assert_allclose(evaluate(drawn).brier.value, np.average(squared, weights=weights), atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(predictions())
def test_every_class_agrees_with_scikit_learn(drawn):
    truth, probabilities, weights, _ = drawn
    every = np.arange(probabilities.shape[1])
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, probabilities.argmax(axis=1), labels=every, zero_division=0, sample_weight=weights
    )
    for number, ours in enumerate(evaluate(drawn).per_class):
        np.testing.assert_allclose(ours.support, support[number])
        if ours.support:
            np.testing.assert_allclose(ours.precision or 0.0, precision[number])
            np.testing.assert_allclose(ours.recall.value, recall[number])
            np.testing.assert_allclose(ours.f1, f1[number])


@settings(max_examples=50, deadline=None)
@given(predictions())
def test_intervals_contain_their_value_and_stay_in_range(drawn):
    result = evaluate(drawn)
    json.dumps(result.to_json(), allow_nan=False)
    shares = [result.accuracy, result.balanced_accuracy, result.macro_f1, result.calibration.ece]
    for each in (*shares, *(one.recall for one in result.per_class)):
        if each.low is not None:
            assert 0 <= each.low <= each.value <= each.high <= 1


@settings(max_examples=30, deadline=None)
@given(predictions(), st.integers(0, 2**32 - 1))
def test_the_order_of_the_pictures_does_not_matter(drawn, seed):
    shuffled = np.random.default_rng(seed).permutation(len(drawn[0]))
    first, again = evaluate(drawn), evaluate(tuple(each[shuffled] for each in drawn))
    np.testing.assert_allclose(again.accuracy.value, first.accuracy.value)
    np.testing.assert_allclose(again.calibration.ece.value, first.calibration.ece.value, atol=1e-9)
    if first.accuracy.low is not None:
        np.testing.assert_allclose(again.accuracy.low, first.accuracy.low)


@settings(max_examples=40, deadline=None)
@given(predictions())
def test_a_difference_is_that_of_the_shares(drawn):
    truth, probabilities, weights, groups = drawn
    a = probabilities.argmax(axis=1) == truth
    b = np.roll(a, 1)
    difference = paired_difference(a, b, groups=groups, weights=weights)
    one, other = (evaluate_share(each, groups=groups, weights=weights) for each in (a, b))
    np.testing.assert_allclose(difference.value, one.value - other.value, atol=1e-12)
    if difference.low is not None:
        assert -1 <= difference.low <= difference.value <= difference.high <= 1
