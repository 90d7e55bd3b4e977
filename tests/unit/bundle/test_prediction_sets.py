"""Prediction sets are never empty, and the median label minimises the expected distance."""

import numpy as np
import pytest

from discern.bundle.prediction_sets import label_sets, median_label, order_scale

ROWS = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [0.1, 0.1, 0.8]])


def softmax(seed: int, rows: int = 200, classes: int = 5) -> np.ndarray:
    powers = np.exp(2 * np.random.default_rng(seed).normal(size=(rows, classes)))
    return powers / powers.sum(axis=1, keepdims=True)


def test_a_set_has_the_labels_that_reach_the_threshold():
    assert label_sets(ROWS, 0.25).tolist() == [[True, False, False], [True, True, True], [False, False, True]]


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.99, 1.0])
def test_a_set_is_never_empty_and_has_the_top_class(threshold: float):
    probabilities = softmax(0)
    sets = label_sets(probabilities, threshold)
    assert sets[np.arange(len(sets)), probabilities.argmax(axis=1)].all()


def test_threshold_zero_gives_all_labels_and_one_gives_the_top_label():
    assert label_sets(ROWS, 0.0).all()
    assert label_sets(ROWS, 1.0).sum(axis=1).tolist() == [1, 1, 1]


def test_a_threshold_that_went_through_json_keeps_its_own_label():
    probabilities = softmax(1).astype(np.float32)
    threshold = float(probabilities[0].min())
    assert label_sets(probabilities, threshold)[0].all()


def test_a_lower_threshold_only_adds_labels():
    probabilities = softmax(2)
    assert (label_sets(probabilities, 0.1) >= label_sets(probabilities, 0.2)).all()


def test_the_median_splits_the_probability_in_half():
    assert median_label(ROWS).tolist() == [0, 1, 2]
    assert median_label(np.array([[0.45, 0.1, 0.45], [0.5, 0.0, 0.5]])).tolist() == [1, 0]


def test_no_label_has_a_smaller_expected_distance_than_the_median():
    probabilities = softmax(3)
    places = np.arange(5)
    distance = probabilities @ np.abs(places[:, None] - places)
    own = distance[np.arange(len(distance)), median_label(probabilities)]
    assert np.allclose(own, distance.min(axis=1))


@pytest.mark.parametrize(
    ("labels", "scale"),
    [
        (("1", "2", "5"), (1, 2, 5)),
        (("-1.5", "0"), (-1.5, 0)),
        (("green", "2"), (0, 1)),
        (("1", "nan"), (0, 1)),
        (("1", "inf"), (0, 1)),
    ],
)
def test_ordered_labels_have_their_numbers_or_positions_as_values(labels, scale):
    assert order_scale(labels) == scale


def test_rounded_probabilities_stay_on_the_scale():
    rounded = np.array([[0.0, 0.0, 1.0001], [1.0001, 0.0, 0.0]], np.float32)
    assert median_label(rounded).tolist() == [2, 0]


def test_no_rows_give_empty_results():
    nothing = np.zeros((0, 3), np.float32)
    assert label_sets(nothing, 0.5).shape == (0, 3)
    assert median_label(nothing).shape == (0,)
