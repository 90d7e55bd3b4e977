"""The probe: held-out predictions without leaks, on a test part and in cross-validation."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from discern.grouping import Groups
from discern.splitting import TEST, Split, SplitConfig, cross_split, make_split
from discern.training import TrainConfig, TrainingData, predict_for_label_checks
from discern.training.methods import ProbeResult
from tests.unit.training.factories import fit_probe, load_data, write_colours

Fitted = tuple[TrainingData, Split, ProbeResult]
CONFIG = TrainConfig(seed=3, split=SplitConfig(seed=3))


def fit(data: TrainingData, groups: Groups) -> Fitted:
    split = make_split(data.catalog, groups, CONFIG.split)
    return data, split, fit_probe(data, split, CONFIG)


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    folder = tmp_path_factory.mktemp("crossed")
    return fit(*load_data(write_colours(folder / "data"), folder / "cache"))


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    folder = tmp_path_factory.mktemp("parted")
    write_colours(folder / "data", part="train")
    write_colours(folder / "data", part="test", each=6, seed=9)
    copied = sorted((folder / "data/train/red").iterdir())[0]
    shutil.copy(copied, folder / "data/test/red/again.png")
    return fit(*load_data(folder / "data", folder / "cache"))


def accuracy(data: TrainingData, rows: np.ndarray, probabilities: np.ndarray) -> float:
    return float(np.mean(probabilities.argmax(axis=1) == data.catalog.label_index[rows]))


def test_cross_validation_predicts_every_picture_once(crossed: Fitted) -> None:
    _, split, result = crossed
    assert split.method == "grouped-cv"
    assert sorted(result.held_out.rows) == list(range(36))
    assert sorted(result.random_split.rows) == list(range(36))


def test_label_checks_cross_validation_and_random_split_rotate_the_pictures_once(tmp_path: Path) -> None:
    data, groups = load_data(write_colours(tmp_path / "data"), tmp_path / "cache")
    predict_for_label_checks(data, cross_split(data.catalog, groups))
    _, split, _ = fit(data, groups)
    (checked, *_), rows = data.spaces.of(split.training_rows(TEST)).items(), split.training_rows(TEST)
    fit_probe(data, split, CONFIG)
    assert data.spaces.of(rows)[checked[0]] is checked[1]


def test_it_learns_colours(crossed: Fitted) -> None:
    data, _, result = crossed
    assert accuracy(data, result.held_out.rows, result.held_out.probabilities) > 0.9


def test_without_given_parts_there_is_no_given_split(crossed: Fitted) -> None:
    assert crossed[2].given_split is None


def test_the_final_head_is_fitted_on_all_pictures(crossed: Fitted) -> None:
    assert sorted(crossed[2].train_rows) == list(range(36))


def test_probabilities_are_rows_that_sum_to_one(crossed: Fitted, parted: Fitted) -> None:
    for _, _, result in (crossed, parted):
        for predictions in (result.held_out, result.random_split):
            assert predictions.probabilities.shape == (len(predictions.rows), 3)
            assert np.allclose(predictions.probabilities.sum(axis=1), 1, atol=1e-5)


def test_each_held_out_prediction_has_an_unknown_score(crossed: Fitted, parted: Fitted) -> None:
    for _, _, result in (crossed, parted):
        assert result.held_out.uncalibrated.shape == result.held_out.probabilities.shape
        assert np.isfinite(result.held_out.unknown_score).all()
        assert np.isfinite(result.held_out.t_unknown).all()


def test_a_given_test_part_is_predicted_by_the_final_head(parted: Fitted) -> None:
    data, split, result = parted
    assert split.method == "test-part"
    assert np.array_equal(result.held_out.rows, np.flatnonzero(split.test))
    again = result.head.probabilities(data.rows(result.held_out.rows))
    assert np.array_equal(again, result.held_out.probabilities)


def test_the_final_head_is_not_fitted_on_held_out_pixels(parted: Fitted) -> None:
    data, split, result = parted
    pixels = data.catalog.table["pixels"].to_numpy()
    assert split.leaks == 1
    assert not set(pixels[result.train_rows]) & set(pixels[result.held_out.rows])


def test_the_given_split_keeps_the_leak(parted: Fitted) -> None:
    result = parted[2]
    assert result.given_split is not None
    assert np.array_equal(np.sort(result.given_split.rows), np.sort(result.held_out.rows))
    assert not np.array_equal(result.given_split.probabilities, result.held_out.probabilities)


def test_the_random_split_predicts_the_test_pictures_as_well(parted: Fitted) -> None:
    result = parted[2]
    assert set(result.held_out.rows) <= set(result.random_split.rows)


def test_the_same_seed_gives_the_same_predictions(crossed: Fitted) -> None:
    data, split, result = crossed
    again = fit_probe(data, split, CONFIG)
    assert np.array_equal(again.held_out.probabilities, result.held_out.probabilities)
    assert np.array_equal(again.head.head.weight, result.head.head.weight)
    assert again.description == result.description
    assert again.graph == result.graph


def test_a_class_of_one_group_is_trained_on_and_not_evaluated(tmp_path: Path) -> None:
    write_colours(tmp_path / "data")
    one = tmp_path / "data/rare"
    one.mkdir()
    first = sorted((tmp_path / "data/red").iterdir())[0]
    shutil.move(first, one / "only.png")
    data, split, result = fit(*load_data(tmp_path / "data", tmp_path / "cache"))
    assert split.unevaluated == ("rare",)
    rare = data.catalog.labels.index("rare")
    assert rare not in data.catalog.label_index[result.held_out.rows]
    assert rare in data.catalog.label_index[result.train_rows]
    assert accuracy(data, result.held_out.rows, result.held_out.probabilities) > 0.8
