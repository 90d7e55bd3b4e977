"""Subsample predictions: accuracy grows with the training set, and no fold predicts itself."""

import numpy as np

from discern.heads import subsample_predictions

SHARES = (0.1, 0.5, 1.0)


def predict(made, blocks, **changes):
    arguments = {"labels": made.labels, "fold": made.fold, "group": np.arange(len(made.labels))} | changes
    features = arguments.pop("features", made.features)
    labels, fold, group = (arguments.pop(name) for name in ("labels", "fold", "group"))
    return subsample_predictions(features, labels, fold, group, shares=SHARES, blocks=blocks, **arguments)


def test_more_pictures_are_more_accurate(make, blocks):
    made = make(400, 5, apart=1)
    accuracy = (predict(made, blocks) == made.labels).mean(axis=1)
    assert accuracy[0] < accuracy[1] <= accuracy[2] + 0.05
    assert accuracy[2] > 0.7


def test_labels_of_the_predicted_fold_have_no_influence(make, blocks):
    made = make(200, 4)
    held_out = made.fold == 1
    labels = made.labels.copy()
    labels[held_out] = np.roll(labels[held_out], 1)
    before = predict(made, blocks)
    after = predict(made, blocks, labels=labels, group=np.arange(200))
    # With all groups, the order in which they are added has no influence.
    np.testing.assert_array_equal(before[2][held_out], after[2][held_out])


def test_every_share_predicts_its_fold_alone(make, blocks):
    made = make(200, 4)
    one_class = np.where(made.fold == 0, 0, -1)
    small, middle, whole = predict(made, blocks, fold=one_class)
    assert (small[one_class < 0] == -1).all()
    assert (whole[one_class == 0] >= 0).all()
    assert (middle[one_class == 0] >= 0).all()


def test_rows_left_out_are_excluded_from_training(make, blocks):
    made = make(200, 4)
    left_out = {0: np.flatnonzero((made.labels == 3) & (made.fold != 0))}
    whole = predict(made, blocks, left_out=left_out)[2]
    assert 3 not in whole[made.fold == 0]
    assert 3 in whole[made.fold == 1]


def test_groups_are_added_whole(make, blocks):
    made = make(40, 2)
    # With one group per class, the smallest share includes all pictures.
    small, _, whole = predict(made, blocks, group=made.labels, fold=np.where(np.arange(40) < 10, 0, 1))
    np.testing.assert_array_equal(small, whole)


def test_the_same_seed_gives_the_same_predict(make, blocks):
    made = make(200, 4)
    np.testing.assert_array_equal(predict(made, blocks, seed=3), predict(made, blocks, seed=3))
