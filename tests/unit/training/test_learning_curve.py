"""The learning curve rises where more pictures help, and is silent where they do not."""

from dataclasses import replace

import numpy as np
import pytest

from discern.evaluating import LearningCurveAdvice
from discern.splitting import Split, cross_split
from discern.training import TrainingData, compute_learning_curve
from discern.training.learning_curve import _Curve
from tests.unit.training.factories import see, write_colours


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingData, Split]:
    folder = tmp_path_factory.mktemp("growing")
    material, groups = see(write_colours(folder / "data", each=40, spread=30), folder / "cache")
    return material, cross_split(material.catalog, groups)


class Given:
    """Features that are chosen and not seen."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.dtype = values, values.shape, values.dtype

    def select(self, positions: np.ndarray) -> np.ndarray:
        return self.values[positions]


def test_easy_pictures_need_no_more(world: tuple[TrainingData, Split]) -> None:
    curve = compute_learning_curve(*world, seed=0)
    assert curve is not None
    assert [point.share for point in curve.points] == [0.25, 0.5, 0.75, 1.0]
    assert [point.pictures for point in curve.points] == [24, 48, 72, 96]
    assert curve.flat
    assert (curve.sentence, curve.advice) == (None, ())


def test_where_more_helps_it_says_of_what(world: tuple[TrainingData, Split]) -> None:
    material, split = world
    random = np.random.default_rng(0)
    label = material.catalog.label_index
    # Many weak signs: what a head knows of them grows with every picture.
    signs = random.normal(0, 1, (3, 400))[label] * 0.3 + random.normal(0, 1, (len(label), 400))
    wide = replace(material.backbone, blocks={"head": (0, 400)})
    grown = replace(material, features=Given(signs.astype(np.float32)), backbone=wide)
    curve = compute_learning_curve(grown, split, seed=0)
    assert curve is not None
    accuracies = [point.accuracy.value for point in curve.points]
    assert accuracies[0] < accuracies[3]


def test_advice_is_for_classes_that_gained_and_are_not_good_yet() -> None:
    label = np.repeat([0, 1, 2], 60)
    right = np.ones((4, 180), bool)
    # The first gained a third and is good; the second gained a third and errs still; the third gained nothing.
    right[:2, :20] = right[:2, 60:80] = False
    right[:, 80:100] = right[:, 120:140] = False
    curve = _Curve(
        rows=np.arange(180),
        right=right,
        label=label,
        group=np.arange(180) // 2,
        weight=np.ones(180),
        learned=[(1, 1)] * 4,
        seed=0,
    )
    assert curve.advice(("good", "grows", "stays")) == (LearningCurveAdvice(label="grows", fewest=15, most=30),)


def test_without_a_judged_picture_there_is_no_curve(world: tuple[TrainingData, Split]) -> None:
    material, split = world
    nobody = replace(split, fold=np.full(len(split.fold), -1), always=np.ones(len(split.fold), bool))
    assert compute_learning_curve(material, nobody, seed=0) is None
