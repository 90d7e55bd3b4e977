"""Baselines: out-of-fold predictions of simple classifiers."""

import numpy as np
import pytest

from discern.heads import baselines


def colours(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Noisy red and noisy blue pictures, separable by mean colour."""
    labels = np.arange(count) % 2
    thumbs = np.random.default_rng(0).integers(0, 80, (count, 64, 64, 3))
    thumbs[labels == 0, :, :, 0] += 100
    thumbs[labels == 1, :, :, 2] += 100
    return thumbs.astype(np.uint8), labels


def halves(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Pictures with a bright upper or lower half, not separable by mean colour."""
    labels = np.arange(count) % 2
    thumbs = np.random.default_rng(1).integers(0, 80, (count, 64, 64, 3))
    thumbs[labels == 0, :32] += 100
    thumbs[labels == 1, 32:] += 100
    return thumbs.astype(np.uint8), labels


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(probabilities.argmax(axis=1) == labels))


def test_each_baseline_uses_its_own_input():
    for (thumbs, labels), colour in ((colours(), 1.0), (halves(), 0.7)):
        predicted = baselines(thumbs, labels, np.arange(60) // 2 % 5, classes=2)
        assert list(predicted) == ["majority", "mean_colour", "raw_pixels"]
        assert accuracy(predicted["raw_pixels"], labels) == 1
        assert accuracy(predicted["majority"], labels) <= 0.5
        if colour == 1:
            assert accuracy(predicted["mean_colour"], labels) == 1
        else:
            assert accuracy(predicted["mean_colour"], labels) < colour


def test_the_majority_predicts_the_class_frequencies_of_the_training_folds():
    thumbs, _ = colours(10)
    labels, fold = np.array([0] * 7 + [1] * 3), np.array([0, 1] * 5)
    predicted = baselines(thumbs, labels, fold, classes=3)["majority"]
    np.testing.assert_allclose(predicted[fold == 0][:, :2], np.tile([3 / 5, 2 / 5], (5, 1)), atol=0.01)
    assert (predicted[:, 2] < 1e-4).all()


def test_labels_of_the_predicted_fold_have_no_influence():
    thumbs, labels = colours()
    fold = np.arange(60) // 2 % 5
    relabelled = np.where(fold == 1, 1 - labels, labels)
    expected = baselines(thumbs, labels, fold, classes=2, outer_folds=(1,))
    for name, predicted in baselines(thumbs, relabelled, fold, classes=2, outer_folds=(1,)).items():
        np.testing.assert_array_equal(predicted, expected[name])


def test_only_outer_folds_are_predicted():
    thumbs, labels = colours()
    fold = np.where(np.arange(60) < 20, 0, -1)
    predicted = baselines(thumbs, labels, fold, classes=2, outer_folds=(0,))["raw_pixels"]
    np.testing.assert_allclose(predicted[:20].sum(axis=1), 1, rtol=1e-5)
    assert np.isnan(predicted[20:]).all()


def test_rows_left_out_are_excluded_from_training():
    thumbs, labels = colours()
    fold, rows = np.arange(60) // 2 % 5, np.arange(30, 50)
    relabelled = labels.copy()
    relabelled[rows] = 1 - relabelled[rows]
    one, other = (
        baselines(thumbs, given, fold, classes=2, outer_folds=(0,), left_out={0: rows})
        for given in (labels, relabelled)
    )
    np.testing.assert_array_equal(one["raw_pixels"], other["raw_pixels"])


def test_sample_weights_are_used():
    thumbs, _ = colours(4)
    predicted = baselines(
        thumbs,
        np.array([0, 1, 0, 0]),
        np.array([1, 1, 1, 0]),
        classes=2,
        outer_folds=(0,),
        weights=np.array([0.5, 1, 0.5, 1]),
    )
    assert predicted["majority"][3] == pytest.approx([0.5, 0.5], abs=0.01)
