"""Accuracy by distance: bins that rise, of pictures that were not learned."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from discern.splitting import Split, cross_split
from discern.training import TrainingData
from discern.training.distance_curve import compute_distance_curve
from tests.unit.training.factories import load_data, write_colours
from tests.unit.training.test_unlike_accuracy import all_right


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingData, Split]:
    folder = tmp_path_factory.mktemp("distance")
    data, groups = load_data(write_colours(folder / "data", each=50), folder / "cache")
    return data, cross_split(data.catalog, groups)


def test_far_pictures_that_are_wrong_are_in_the_last_bin(world: tuple[TrainingData, Split]) -> None:
    data, split = world
    random = np.random.default_rng(0)
    rows, coordinates = np.arange(150), random.normal(0, 0.1, (150, 30))
    coordinates[:, 0] += 1
    coordinates[:20] = random.normal(0, 1, (20, 30))
    predictions = all_right(data)
    wrong = predictions.probabilities.copy()
    wrong[:20] = np.roll(wrong[:20], 1, axis=1)
    predictions = replace(predictions, probabilities=wrong)
    curve = compute_distance_curve(data, split, predictions, rows, coordinates.astype(np.float32), seed=0)
    assert len(curve) == 5
    assert [each.pictures for each in curve] == [30] * 5
    assert all(one.high <= other.low for one, other in pairwise(curve))
    assert [each.accuracy.value for each in curve[:4]] == [1.0] * 4
    assert curve[4].accuracy.value == pytest.approx(1 / 3)


def test_a_picture_is_not_its_own_learned_neighbour(world: tuple[TrainingData, Split]) -> None:
    data, split = world
    coordinates = np.random.default_rng(0).normal(0, 1, (150, 30)).astype(np.float32)
    curve = compute_distance_curve(data, split, all_right(data), np.arange(150), coordinates, seed=0)
    assert curve[0].low > 0.1


def test_few_predictions_have_no_curve(world: tuple[TrainingData, Split]) -> None:
    data, split = world
    predictions = all_right(data)
    few = replace(predictions, rows=predictions.rows[:50], probabilities=predictions.probabilities[:50])
    assert compute_distance_curve(data, split, few, np.arange(150), np.ones((150, 3), np.float32), seed=0) == ()
