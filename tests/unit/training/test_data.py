"""Weights of pictures: copies share one, and groups are damped."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from discern.training import TrainingData
from tests.unit.training.factories import load_data, write_colours


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    folder = tmp_path_factory.mktemp("data")
    write_colours(folder / "data", each=18)
    first = sorted((folder / "data/red").iterdir())[0]
    shutil.copy(first, folder / "data/red/again.png")
    return load_data(folder / "data", folder / "cache")[0]


def every(data: TrainingData) -> np.ndarray:
    return np.arange(len(data.catalog.table))


def test_copies_share_one_weight(data: TrainingData) -> None:
    weights = data.weights(every(data))
    assert sorted(set(weights)) == [0.5, 1.0]
    assert weights.sum() == pytest.approx(54)


def test_pictures_of_one_group_weigh_the_root_of_their_number(data: TrainingData) -> None:
    rows = np.flatnonzero(data.weights(every(data)) == 1)[:10]
    group = np.array([0] * 4 + [1] * 1 + [2, 3, 4, 5, 6])
    weights = data.training_weights(rows, group)
    assert weights.sum() == pytest.approx(10)
    assert weights[group == 0].sum() == pytest.approx(2 * weights[4])
    assert np.ptp(weights[4:]) == pytest.approx(0)


def test_without_groups_only_copies_share_their_weight(data: TrainingData) -> None:
    rows = every(data)
    _, content = np.unique(data.catalog.table["pixels"].to_numpy().astype(str), return_inverse=True)
    np.testing.assert_allclose(data.training_weights(rows, content), data.weights(rows))


def test_files_are_read_in_any_order(data: TrainingData) -> None:
    paths = data.catalog.table["path"]
    for row in (20, 3, 20):
        assert data.catalog.read_one(row) == Path(data.catalog.root, paths[row]).read_bytes()
