import shutil
from pathlib import Path

import numpy as np
import pytest

from discern.grouping import Groups
from discern.splitting import Split, SplitConfig, make_split
from discern.training import FitResult, TrainConfig, TrainingData, fit, tabulate
from tests.unit.training.factories import see, write_colours

World = tuple[TrainingData, Split, FitResult]
CONFIG = TrainConfig(seed=3, split=SplitConfig(seed=3))


def train(material: TrainingData, groups: Groups) -> World:
    split = make_split(material.catalog, groups, CONFIG.split)
    return material, split, fit(material, split, CONFIG)


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("crossed")
    return train(*see(write_colours(folder / "data"), folder / "cache"))


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("parted")
    write_colours(folder / "data", part="train")
    write_colours(folder / "data", part="test", each=6, seed=9)
    copied = sorted((folder / "data/train/red").iterdir())[0]
    shutil.copy(copied, folder / "data/test/red/again.png")
    return train(*see(folder / "data", folder / "cache"))


def right(material: TrainingData, rows: np.ndarray, probabilities: np.ndarray) -> float:
    return float(np.mean(probabilities.argmax(axis=1) == material.catalog.label_index[rows]))


def test_every_picture_is_judged_once(crossed: World) -> None:
    _, split, learned = crossed
    assert split.method == "grouped-cv"
    assert sorted(learned.honest.rows) == list(range(36))
    assert sorted(learned.naive.rows) == list(range(36))


def test_it_learns_colours(crossed: World) -> None:
    material, _, learned = crossed
    assert right(material, learned.honest.rows, learned.honest.probabilities) > 0.9


def test_without_given_parts_there_is_no_given_figure(crossed: World) -> None:
    assert crossed[2].given is None


def test_the_final_head_learned_from_everything(crossed: World) -> None:
    assert sorted(crossed[2].learned) == list(range(36))


def test_probabilities_are_rows_that_sum_to_one(crossed: World, parted: World) -> None:
    for _, _, learned in (crossed, parted):
        for held in (learned.honest, learned.naive):
            assert held.probabilities.shape == (len(held.rows), 3)
            assert np.allclose(held.probabilities.sum(axis=1), 1, atol=1e-5)


def test_each_honest_answer_has_its_unknown_score(crossed: World, parted: World) -> None:
    for _, _, learned in (crossed, parted):
        assert learned.honest.uncalibrated.shape == learned.honest.probabilities.shape
        assert np.isfinite(learned.honest.unknown_score).all()
        assert np.isfinite(learned.honest.t_unknown).all()


def test_simple_rivals_answer_the_same_pictures(crossed: World, parted: World) -> None:
    for material, _, learned in (crossed, parted):
        assert set(learned.baselines) == {"majority", "mean_colour", "raw_pixels"}
        rows = learned.honest.rows
        assert all(rival.shape == (len(rows), 3) for rival in learned.baselines.values())
        assert right(material, rows, learned.baselines["mean_colour"]) > 0.8
        assert right(material, rows, learned.baselines["majority"]) < 0.6


def test_a_given_test_part_judges_the_final_head(parted: World) -> None:
    material, split, learned = parted
    assert split.method == "test-part"
    assert np.array_equal(learned.honest.rows, np.flatnonzero(split.test))
    again = learned.final.probabilities(material.rows(learned.honest.rows))
    assert np.array_equal(again, learned.honest.probabilities)


def test_the_final_head_never_saw_what_judges_it(parted: World) -> None:
    material, split, learned = parted
    pixels = material.catalog.table["pixels"].to_numpy()
    assert split.leaks == 1
    assert not set(pixels[learned.learned]) & set(pixels[learned.honest.rows])


def test_the_given_figure_keeps_the_leak(parted: World) -> None:
    learned = parted[2]
    assert learned.given is not None
    assert np.array_equal(np.sort(learned.given.rows), np.sort(learned.honest.rows))
    assert not np.array_equal(learned.given.probabilities, learned.honest.probabilities)


def test_the_naive_figure_judges_the_test_pictures_too(parted: World) -> None:
    learned = parted[2]
    assert set(learned.honest.rows) <= set(learned.naive.rows)


def test_the_same_seed_gives_the_same_answers(crossed: World) -> None:
    material, split, learned = crossed
    again = fit(material, split, CONFIG)
    assert np.array_equal(again.honest.probabilities, learned.honest.probabilities)
    assert np.array_equal(again.final.head.weight, learned.final.head.weight)
    assert again.final.chosen == learned.final.chosen


def test_copies_share_one_weight(parted: World) -> None:
    material = parted[0]
    rows = np.arange(len(material.catalog.table))
    weights = material.weights(rows)
    assert sorted(set(weights)) == [0.5, 1.0]
    assert weights.sum() == pytest.approx(54)


def test_pictures_of_one_group_learn_as_the_root_of_their_number(parted: World) -> None:
    material = parted[0]
    rows = np.flatnonzero(material.weights(np.arange(len(material.catalog.table))) == 1)[:10]
    group = np.array([0] * 4 + [1] * 1 + [2, 3, 4, 5, 6])
    weights = material.learning_weights(rows, group)
    assert weights.sum() == pytest.approx(10)
    assert weights[group == 0].sum() == pytest.approx(2 * weights[4])
    assert np.ptp(weights[4:]) == pytest.approx(0)


def test_without_groups_only_copies_share_their_weight(parted: World) -> None:
    material = parted[0]
    rows = np.arange(len(material.catalog.table))
    _, content = np.unique(material.catalog.table["pixels"].to_numpy().astype(str), return_inverse=True)
    np.testing.assert_allclose(material.learning_weights(rows, content), material.weights(rows))


def test_answers_become_a_table(crossed: World) -> None:
    material, _, learned = crossed
    table = tabulate(material.catalog, learned.honest)
    assert table.columns == ["row", "path", "label", "answer", "confidence", "unknown_score", "t_unknown"]
    assert len(table) == 36
    assert table["confidence"].is_between(1 / 3, 1).all()


def test_a_class_of_one_group_is_learned_and_not_judged(tmp_path: Path) -> None:
    write_colours(tmp_path / "data")
    one = tmp_path / "data/rare"
    one.mkdir()
    shutil.copy(sorted((tmp_path / "data/red").iterdir())[0], one / "only.png")
    for path in (tmp_path / "data/red").glob(sorted((tmp_path / "data/red").iterdir())[0].name):
        path.unlink()
    material, split, learned = train(*see(tmp_path / "data", tmp_path / "cache"))
    assert split.unevaluated == ("rare",)
    rare = material.catalog.labels.index("rare")
    assert rare not in material.catalog.label_index[learned.honest.rows]
    assert rare in material.catalog.label_index[learned.learned]
    assert right(material, learned.honest.rows, learned.honest.probabilities) > 0.8
