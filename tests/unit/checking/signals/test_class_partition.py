import numpy as np
import pytest

from discern.checking.signals.class_partition import partition_classes, predict_partition


def guesses(labels: np.ndarray, side: np.ndarray, *, right: float = 1.0) -> np.ndarray:
    """Any class of the label's side, or as often as said of the other."""
    rng = np.random.default_rng(0)
    stays = rng.random(len(labels)) < right
    return np.array(
        [rng.choice(np.flatnonzero(side == (side[label] == stay))) for label, stay in zip(labels, stays, strict=True)]
    )


@pytest.mark.parametrize("some", [[0, 2, 4, 6], [1, 5], [0, 1, 2, 3, 4]])
def test_the_sides_are_found(some):
    side = np.isin(np.arange(8), some)
    labels = np.arange(400) % 8
    found = partition_classes(guesses(labels, side, right=0.9), labels)
    assert found.tolist() in (side.tolist(), (~side).tolist())


def test_fewer_than_four_classes_have_no_sides():
    labels = np.arange(60) % 3
    assert partition_classes(labels, labels) is None
    assert predict_partition(labels, labels, np.arange(60) % 5) is None


def test_how_often_the_side_is_right():
    side = np.isin(np.arange(6), [0, 3])
    labels, fold = np.arange(1200) % 6, np.arange(1200) // 6 % 5
    right = predict_partition(guesses(labels, side, right=0.8), labels, fold)
    assert right.mean() == pytest.approx(0.8, abs=0.04)


def test_chance_parts_nothing():
    rng = np.random.default_rng(0)
    labels, fold = np.arange(600) % 20, np.arange(600) // 20 % 5
    assert predict_partition(rng.integers(0, 20, 600), labels, fold).mean() < 0.6


def test_a_class_that_is_never_guessed():
    labels = np.arange(100) % 5
    assert partition_classes(np.where(labels == 4, 3, labels), labels) is not None
