"""The spread is the median distance within classes."""

import numpy as np
import pytest

from discern.watching.new_classes.class_spread import measure_spread


def test_it_is_the_median_cosine_distance_to_others_of_the_class() -> None:
    embeddings = np.array([[1, 0], [0, 2], [1, 0], [3, 0], [0, 1]])
    assert measure_spread(embeddings, np.array(["a", "a", "b", "b", "b"])) == pytest.approx(1.0)
    assert measure_spread(embeddings[2:4], np.array([0, 0])) == pytest.approx(0, abs=1e-6)


def test_a_wider_class_has_a_larger_spread_whatever_the_lengths() -> None:
    rng = np.random.default_rng(0)
    noise, length = rng.normal(size=(200, 16)), rng.uniform(1, 9, (200, 1))
    labels = np.repeat([0, 1], 100)
    centre = np.eye(16)[labels]
    near, far = ((centre + size * noise) * length for size in (0.05, 0.2))
    assert 0 < measure_spread(near, labels) < 0.5 * measure_spread(far, labels)


def test_a_large_class_is_measured_on_some_of_its_pictures() -> None:
    embeddings = np.random.default_rng(0).normal(size=(2000, 8))
    assert measure_spread(embeddings, np.zeros(2000, int)) == pytest.approx(1.0, abs=0.05)


def test_classes_of_one_picture_each_leave_a_usual_spread() -> None:
    assert measure_spread(np.eye(3), np.arange(3)) > 0
    assert measure_spread(np.zeros((0, 3)), np.zeros(0)) > 0
