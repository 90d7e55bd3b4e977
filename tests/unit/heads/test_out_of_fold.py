"""Opinions are of heads that had not learned the picture they speak about."""

import numpy as np

from discern.heads import predict_out_of_fold


def opinions(made, blocks, **changes):
    arguments = {"features": made.features, "labels": made.labels, "fold": made.fold} | changes
    return predict_out_of_fold(**arguments, classes=made.classes, blocks=blocks)


def test_a_wrong_label_is_contradicted(make, blocks):
    made = make(120, 3)
    labels = made.labels.copy()
    labels[7] = (labels[7] + 1) % 3
    told = opinions(made, blocks, labels=labels)
    assert told.probabilities[7].argmax() == made.labels[7]
    assert told.probabilities[7, labels[7]] < 0.2


def test_the_label_of_a_picture_has_no_say_in_what_is_said_to_its_fold(make, blocks):
    made = make(120, 4)
    labels = made.labels.copy()
    held = made.fold == 1
    labels[held] = np.random.default_rng(0).permutation(labels[held])
    before, after = opinions(made, blocks), opinions(made, blocks, labels=labels)
    # Only the temperature, one number for all, has seen the labels.
    np.testing.assert_array_equal(before.probabilities[held].argmax(1), after.probabilities[held].argmax(1))


def test_pictures_in_no_fold_are_not_spoken_of(make, blocks):
    made = make(120, 3)
    fold = made.fold.copy()
    fold[:5] = -1
    told = opinions(made, blocks, fold=fold)
    assert np.isnan(told.probabilities[:5]).all()
    assert np.isnan(told.unknown_score[:5]).all()
    assert np.isfinite(told.unknown_score[5:]).all()
    np.testing.assert_allclose(told.probabilities[5:].sum(axis=1), 1, atol=1e-5)


def test_one_fold_is_not_enough(make, blocks):
    made = make(60, 3)
    assert np.isnan(opinions(made, blocks, fold=np.zeros(60, int)).probabilities).all()


def test_a_stranger_is_strange(make, blocks):
    made = make(120, 3)
    features = made.features.copy()
    features[3] = np.random.default_rng(9).normal(0, 3, features.shape[1])
    told = opinions(made, blocks, features=features)
    assert told.unknown_score.argmax() == 3


def test_many_wrong_labels_are_not_learned_by_heart(make, blocks):
    made = make(160, 4)
    rng = np.random.default_rng(0)
    wrong = rng.permutation(160)[:24]
    labels = made.labels.copy()
    labels[wrong] = (labels[wrong] + 1) % 4
    told = opinions(made, blocks, labels=labels)
    doubt = 1 - told.probabilities[np.arange(160), labels]
    assert np.isin(np.argsort(doubt)[-24:], wrong).mean() > 0.8
