"""Partition of the classes by predictions."""

import numpy as np
import pytest

from discern.checking.signals.class_partition import partition_classes, predict_partition


def predict(labels: np.ndarray, side: np.ndarray, *, right: float = 1.0) -> np.ndarray:
    """Random class of the label's side with probability `right`, else of the other side."""
    rng = np.random.default_rng(0)
    stays = rng.random(len(labels)) < right
    return np.array(
        [rng.choice(np.flatnonzero(side == (side[label] == stay))) for label, stay in zip(labels, stays, strict=True)]
    )


@pytest.mark.parametrize("members", [[0, 2, 4, 6], [1, 5], [0, 1, 2, 3, 4]])
def test_the_partition_is_recovered(members):
    side = np.isin(np.arange(8), members)
    labels = np.arange(400) % 8
    found = partition_classes(predict(labels, side, right=0.9), labels)
    assert found.tolist() in (side.tolist(), (~side).tolist())


def test_fewer_than_four_classes_have_no_partition():
    labels = np.arange(60) % 3
    assert partition_classes(labels, labels) is None
    assert predict_partition(labels, labels, np.arange(60) % 5) is None


def test_the_accuracy_of_the_side():
    side = np.isin(np.arange(6), [0, 3])
    labels, fold = np.arange(1200) % 6, np.arange(1200) // 6 % 5
    right = predict_partition(predict(labels, side, right=0.8), labels, fold)
    assert right.mean() == pytest.approx(0.8, abs=0.04)


def test_random_predictions_have_no_partition():
    rng = np.random.default_rng(0)
    labels, fold = np.arange(600) % 20, np.arange(600) // 20 % 5
    assert predict_partition(rng.integers(0, 20, 600), labels, fold).mean() < 0.6


def test_a_class_that_is_never_predicted():
    labels = np.arange(100) % 5
    assert partition_classes(np.where(labels == 4, 3, labels), labels) is not None
