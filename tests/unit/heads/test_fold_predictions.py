"""Predictions of folds: from the other folds alone."""

import numpy as np

from discern.heads import predict_folds


def test_separable_classes_are_predicted(make):
    made = make(300, 3, apart=6)
    predicted = predict_folds(made.features, made.labels, made.fold, np.ones(300), classes=3)
    assert (predicted == made.labels).mean() > 0.9


def test_labels_of_a_fold_have_no_influence_on_it(make):
    made = make(200, 4)
    changed = np.where(made.fold == 1, (made.labels + 1) % 4, made.labels)
    before, after = (
        predict_folds(made.features, labels, made.fold, np.ones(200), classes=4) for labels in (made.labels, changed)
    )
    np.testing.assert_array_equal(before[made.fold == 1], after[made.fold == 1])


def test_one_class_in_the_other_folds_predicts_nothing(make):
    made = make(40, 2)
    by_class = predict_folds(made.features, made.labels, made.labels, np.ones(40), classes=2)
    alone = predict_folds(made.features, made.labels, np.zeros(40, np.int64), np.ones(40), classes=2)
    assert (by_class == -1).all()
    assert (alone == -1).all()
