"""Accuracy on unlike pictures: the alarm rings on sources with labels by lot, and not on classes with subclasses."""

from dataclasses import replace

import numpy as np
import pytest

from discern.splitting import Split, cross_split
from discern.training import HeldOutPredictions, TrainingData, compute_unlike
from tests.unit.training.factories import load_data, write_colours
from tests.unit.training.test_learning_curve import Features

EACH, WIDTH = 100, 40


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingData, Split]:
    folder = tmp_path_factory.mktemp("unlike")
    data, groups = load_data(write_colours(folder / "data", each=EACH), folder / "cache")
    return data, cross_split(data.catalog, groups)


def with_features(data: TrainingData, features: np.ndarray) -> TrainingData:
    wide = replace(data.backbone, blocks={"head": (0, WIDTH)})
    return replace(data, features=Features(features.astype(np.float32)), backbone=wide)


def all_right(data: TrainingData) -> HeldOutPredictions:
    count = len(data.catalog)
    right = np.eye(len(data.catalog.labels), dtype=np.float32)[data.catalog.label_index]
    return HeldOutPredictions(
        rows=np.arange(count),
        probabilities=right,
        uncalibrated=right,
        unknown_score=np.zeros(count, np.float32),
        t_unknown=np.ones(count),
    )


def sources(data: TrainingData, *, each: int, seed: int = 0) -> np.ndarray:
    """Features that tell the source of a picture; a source is of one class, but sources of a class share nothing."""
    random = np.random.default_rng(seed)
    source = data.catalog.label_index * EACH + np.arange(len(data.catalog)) % (EACH // each)
    middle = random.normal(0, 1, (source.max() + 1, WIDTH))
    return middle[source] + random.normal(0, 0.3, (len(source), WIDTH))


def classes(data: TrainingData, *, subclasses: int, seed: int = 0) -> np.ndarray:
    """Features of independent pictures of classes with some subclasses each, which share nothing."""
    random = np.random.default_rng(seed)
    subclass = data.catalog.label_index * subclasses + np.arange(len(data.catalog)) % subclasses
    middle = random.normal(0, 1, (subclass.max() + 1, WIDTH))
    return middle[subclass] + random.normal(0, 0.6, (len(subclass), WIDTH))


def test_sources_with_labels_by_lot_raise_the_alarm(world: tuple[TrainingData, Split]) -> None:
    data, split = world
    dependent = with_features(data, sources(data, each=8))
    unlike, evidence = compute_unlike(dependent, split, all_right(data), seed=0)
    assert unlike.alarm
    assert evidence.ordinary is not None
    assert evidence.ordinary > 0.9
    assert unlike.value is not None
    assert unlike.value < 0.6  # a third is the truth
    assert unlike.share == 1
    assert evidence.pairs
    source = np.arange(len(data.catalog)) % (EACH // 8)
    rows = {path: row for row, path in enumerate(data.catalog.table["path"].to_list())}
    assert all(source[rows[pair.path]] == source[rows[pair.nearest]] for pair in evidence.pairs)


@pytest.mark.parametrize("subclasses", [1, 3])
def test_independent_pictures_do_not_even_if_classes_have_kinds(
    world: tuple[TrainingData, Split], subclasses: int
) -> None:
    data, split = world
    unlike, evidence = compute_unlike(
        with_features(data, classes(data, subclasses=subclasses)), split, all_right(data), seed=0
    )
    assert unlike.alarm is False
    assert unlike.value is not None
    assert evidence.pairs == ()


def test_declared_sources_do_not(world: tuple[TrainingData, Split]) -> None:
    """Whole sources are held out by every fold, so that nothing is left to fall."""
    data, split = world
    source = data.catalog.label_index * EACH + np.arange(len(data.catalog)) % 50
    declared = replace(split, group=source)
    unlike, _ = compute_unlike(with_features(data, sources(data, each=2)), declared, all_right(data), seed=0)
    assert unlike.alarm is False


def test_the_same_seed_gives_the_same_figure(world: tuple[TrainingData, Split]) -> None:
    data, split = world
    subclasses = with_features(data, classes(data, subclasses=2))
    first, second = (compute_unlike(subclasses, split, all_right(data), seed=3) for _ in range(2))
    assert first == second


def test_too_few_groups_give_no_figure(world: tuple[TrainingData, Split]) -> None:
    data, split = world
    few = replace(split, group=data.catalog.label_index * EACH + np.arange(len(data.catalog)) % 19)
    unlike, evidence = compute_unlike(with_features(data, classes(data, subclasses=1)), few, all_right(data), seed=0)
    assert (unlike.value, unlike.low, unlike.high, unlike.share, unlike.alarm) == (None,) * 5
    assert unlike.note == (
        "too few independent groups to hold out clusters of look-alikes "
        "(0 in 0 classes of 20 or more; it takes 100 in two)"
    )
    assert evidence.fall is None
    assert evidence.curve


def test_classes_with_few_groups_are_not_covered(world: tuple[TrainingData, Split]) -> None:
    data, split = world
    label, number = data.catalog.label_index, np.arange(len(data.catalog))
    few = replace(split, group=np.where(label == 2, 9999 - number % 10, number))
    unlike, _ = compute_unlike(with_features(data, classes(data, subclasses=1)), few, all_right(data), seed=0)
    assert unlike.share == pytest.approx(2 / 3, abs=0.02)


def test_a_sample_of_groups_bounds_the_time(world: tuple[TrainingData, Split], monkeypatch: pytest.MonkeyPatch) -> None:
    data, split = world
    monkeypatch.setattr("discern.training.unlike_accuracy._MOST_PICTURES", 200)
    unlike, _ = compute_unlike(with_features(data, classes(data, subclasses=1)), split, all_right(data), seed=0)
    assert unlike.share == 1
