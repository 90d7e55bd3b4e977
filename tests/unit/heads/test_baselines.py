"""The rivals are simple, see nothing of the judged fold, and win where pictures are simple too."""

import numpy as np
import pytest

from discern.heads import baselines


def colours(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Red and blue pictures with noise."""
    labels = np.arange(count) % 2
    thumbs = np.random.default_rng(0).integers(0, 80, (count, 64, 64, 3))
    thumbs[labels == 0, :, :, 0] += 100
    thumbs[labels == 1, :, :, 2] += 100
    return thumbs.astype(np.uint8), labels


def halves(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Bright above or bright below: the mean colour says nothing."""
    labels = np.arange(count) % 2
    thumbs = np.random.default_rng(1).integers(0, 80, (count, 64, 64, 3))
    thumbs[labels == 0, :32] += 100
    thumbs[labels == 1, 32:] += 100
    return thumbs.astype(np.uint8), labels


def right(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(probabilities.argmax(axis=1) == labels))


def test_each_rival_sees_what_it_can():
    for (thumbs, labels), colour in ((colours(), 1.0), (halves(), 0.7)):
        answers = baselines(thumbs, labels, np.arange(60) // 2 % 5, classes=2)
        assert list(answers) == ["majority", "mean_colour", "raw_pixels"]
        assert right(answers["raw_pixels"], labels) == 1
        assert right(answers["majority"], labels) <= 0.5
        if colour == 1:
            assert right(answers["mean_colour"], labels) == 1
        else:
            assert right(answers["mean_colour"], labels) < colour


def test_the_majority_gives_the_shares_of_what_was_learned():
    thumbs, _ = colours(10)
    labels, fold = np.array([0] * 7 + [1] * 3), np.array([0, 1] * 5)
    answers = baselines(thumbs, labels, fold, classes=3)["majority"]
    np.testing.assert_allclose(answers[fold == 0][:, :2], np.tile([3 / 5, 2 / 5], (5, 1)), atol=0.01)
    assert (answers[:, 2] < 1e-4).all()


def test_labels_of_the_judged_fold_have_no_say():
    thumbs, labels = colours()
    fold = np.arange(60) // 2 % 5
    misled = np.where(fold == 1, 1 - labels, labels)
    honest = baselines(thumbs, labels, fold, classes=2, held=(1,))
    for name, answers in baselines(thumbs, misled, fold, classes=2, held=(1,)).items():
        np.testing.assert_array_equal(answers, honest[name])


def test_only_held_folds_are_answered():
    thumbs, labels = colours()
    fold = np.where(np.arange(60) < 20, 0, -1)
    answers = baselines(thumbs, labels, fold, classes=2, held=(0,))["raw_pixels"]
    np.testing.assert_allclose(answers[:20].sum(axis=1), 1, rtol=1e-5)
    assert np.isnan(answers[20:]).all()


def test_rows_that_are_left_out_are_not_learned_from():
    thumbs, labels = colours()
    fold, rows = np.arange(60) // 2 % 5, np.arange(30, 50)
    misled = labels.copy()
    misled[rows] = 1 - misled[rows]
    one, other = (baselines(thumbs, some, fold, classes=2, held=(0,), left_out={0: rows}) for some in (labels, misled))
    np.testing.assert_array_equal(one["raw_pixels"], other["raw_pixels"])


def test_weights_count():
    thumbs, _ = colours(4)
    answers = baselines(
        thumbs, np.array([0, 1, 0, 0]), np.array([1, 1, 1, 0]), classes=2, held=(0,), weights=np.array([0.5, 1, 0.5, 1])
    )
    assert answers["majority"][3] == pytest.approx([0.5, 0.5], abs=0.01)
