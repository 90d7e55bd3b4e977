"""The learning curve: rising where more pictures help, flat where they do not."""

from dataclasses import replace

import numpy as np
import pytest

from discern.evaluating import LearningCurveAdvice
from discern.splitting import Split, cross_split
from discern.training import TrainingData, compute_learning_curve
from discern.training.learning_curve import _Curve
from tests.unit.training.factories import load_data, write_colours


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingData, Split]:
    folder = tmp_path_factory.mktemp("curve")
    data, groups = load_data(write_colours(folder / "data", each=40, spread=30), folder / "cache")
    return data, cross_split(data.catalog, groups)


class Features:
    """Features given as an array."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.dtype = values, values.shape, values.dtype

    def select(self, positions: np.ndarray) -> np.ndarray:
        return self.values[positions]


def test_the_curve_of_easy_pictures_is_flat(world: tuple[TrainingData, Split]) -> None:
    curve = compute_learning_curve(*world, seed=0)
    assert curve is not None
    assert [point.share for point in curve.points] == [0.25, 0.5, 0.75, 1.0]
    assert [point.pictures for point in curve.points] == [24, 48, 72, 96]
    assert curve.flat
    assert (curve.sentence, curve.advice) == (None, ())


def test_accuracy_rises_with_the_share_on_hard_pictures(world: tuple[TrainingData, Split]) -> None:
    data, split = world
    random = np.random.default_rng(0)
    label = data.catalog.label_index
    # Many weakly informative features: accuracy grows with the number of pictures.
    features = random.normal(0, 1, (3, 400))[label] * 0.3 + random.normal(0, 1, (len(label), 400))
    wide = replace(data.backbone, blocks={"head": (0, 400)})
    grown = replace(data, features=Features(features.astype(np.float32)), backbone=wide)
    curve = compute_learning_curve(grown, split, seed=0)
    assert curve is not None
    accuracies = [point.accuracy.value for point in curve.points]
    assert accuracies[0] < accuracies[3]


def test_advice_is_for_classes_with_a_gain_and_a_low_recall() -> None:
    label = np.repeat([0, 1, 2], 60)
    correct = np.ones((4, 180), bool)
    # The first two gained a third, and the second still has a low recall; the third gained nothing.
    correct[:2, :20] = correct[:2, 60:80] = False
    correct[:, 80:100] = correct[:, 120:140] = False
    curve = _Curve(
        rows=np.arange(180),
        correct=correct,
        label=label,
        group=np.arange(180) // 2,
        weight=np.ones(180),
        sizes=[(1, 1)] * 4,
        seed=0,
    )
    assert curve.advice(("high", "low", "constant")) == (LearningCurveAdvice(label="low", fewest=15, most=30),)


def test_without_a_held_out_picture_there_is_no_curve(world: tuple[TrainingData, Split]) -> None:
    data, split = world
    empty = replace(split, fold=np.full(len(split.fold), -1), always=np.ones(len(split.fold), bool))
    assert compute_learning_curve(data, empty, seed=0) is None
