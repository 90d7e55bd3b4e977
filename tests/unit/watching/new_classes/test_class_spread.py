"""The spread is the median distance within classes."""

import numpy as np
import pytest

from discern.watching.new_classes.class_spread import measure_spread


def test_it_is_the_median_cosine_distance_to_others_of_the_class() -> None:
    embeddings = np.array([[1, 0], [0, 2], [1, 0], [3, 0], [0, 1]])
    assert measure_spread(embeddings, np.array(["a", "a", "b", "b", "b"]), np.arange(5)) == pytest.approx(1.0)
    assert measure_spread(embeddings[2:4], np.array([0, 0]), np.arange(2)) == pytest.approx(0, abs=1e-6)


def test_a_wider_class_has_a_larger_spread_whatever_the_lengths() -> None:
    rng = np.random.default_rng(0)
    noise, length = rng.normal(size=(200, 16)), rng.uniform(1, 9, (200, 1))
    labels = np.repeat([0, 1], 100)
    centre = np.eye(16)[labels]
    near, far = ((centre + size * noise) * length for size in (0.05, 0.2))
    assert 0 < measure_spread(near, labels, np.arange(200)) < 0.5 * measure_spread(far, labels, np.arange(200))


def test_a_large_class_is_measured_on_some_of_its_pictures() -> None:
    embeddings = np.random.default_rng(0).normal(size=(2000, 8))
    assert measure_spread(embeddings, np.zeros(2000, int), np.arange(2000)) == pytest.approx(1.0, abs=0.05)


def test_pictures_of_one_group_are_not_compared() -> None:
    film = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]])
    assert measure_spread(film, np.zeros(4), np.array([0, 0, 0, 1])) == pytest.approx(1.0)


def test_classes_of_one_group_each_have_no_spread() -> None:
    assert np.isnan(measure_spread(np.eye(3), np.arange(3), np.arange(3)))
    assert np.isnan(measure_spread(np.eye(3), np.zeros(3), np.zeros(3)))
    assert np.isnan(measure_spread(np.zeros((0, 3)), np.zeros(0), np.zeros(0)))
