"""Out-of-fold predictions: no picture is predicted by a head fitted on its fold."""

import numpy as np

from discern.heads import predict_out_of_fold


def predict(made, blocks, **changes):
    arguments = {"features": made.features, "labels": made.labels, "fold": made.fold} | changes
    return predict_out_of_fold(**arguments, classes=made.classes, blocks=blocks)


def test_a_wrong_label_is_contradicted(make, blocks):
    made = make(120, 3)
    labels = made.labels.copy()
    labels[7] = (labels[7] + 1) % 3
    predicted = predict(made, blocks, labels=labels)
    assert predicted.probabilities[7].argmax() == made.labels[7]
    assert predicted.probabilities[7, labels[7]] < 0.2


def test_labels_of_a_fold_do_not_change_its_predicted_labels(make, blocks):
    made = make(120, 4)
    labels = made.labels.copy()
    held_out = made.fold == 1
    labels[held_out] = np.random.default_rng(0).permutation(labels[held_out])
    before, after = predict(made, blocks), predict(made, blocks, labels=labels)
    # Only the temperature, fitted on all folds, depends on these labels.
    np.testing.assert_array_equal(before.probabilities[held_out].argmax(1), after.probabilities[held_out].argmax(1))


def test_pictures_of_no_fold_are_not_predicted(make, blocks):
    made = make(120, 3)
    fold = made.fold.copy()
    fold[:5] = -1
    predicted = predict(made, blocks, fold=fold)
    assert np.isnan(predicted.probabilities[:5]).all()
    assert np.isnan(predicted.unknown_score[:5]).all()
    assert np.isfinite(predicted.unknown_score[5:]).all()
    np.testing.assert_allclose(predicted.probabilities[5:].sum(axis=1), 1, atol=1e-5)


def test_one_fold_is_not_enough(make, blocks):
    made = make(60, 3)
    assert np.isnan(predict(made, blocks, fold=np.zeros(60, int)).probabilities).all()


def test_an_unknown_picture_has_the_largest_unknown_score(make, blocks):
    made = make(120, 3)
    features = made.features.copy()
    features[3] = np.random.default_rng(9).normal(0, 3, features.shape[1])
    predicted = predict(made, blocks, features=features)
    assert predicted.unknown_score.argmax() == 3


def test_many_wrong_labels_are_not_memorised(make, blocks):
    made = make(160, 4)
    rng = np.random.default_rng(0)
    wrong = rng.permutation(160)[:24]
    labels = made.labels.copy()
    labels[wrong] = (labels[wrong] + 1) % 4
    predicted = predict(made, blocks, labels=labels)
    doubt = 1 - predicted.probabilities[np.arange(160), labels]
    assert np.isin(np.argsort(doubt)[-24:], wrong).mean() > 0.8
