"""With less to learn from, a head knows less; and never what it is judged on."""

import numpy as np

from discern.heads import subsample_predictions

SHARES = (0.1, 0.5, 1.0)


def answers(made, blocks, **changes):
    arguments = {"labels": made.labels, "fold": made.fold, "group": np.arange(len(made.labels))} | changes
    features = arguments.pop("features", made.features)
    labels, fold, group = (arguments.pop(name) for name in ("labels", "fold", "group"))
    return subsample_predictions(features, labels, fold, group, shares=SHARES, blocks=blocks, **arguments)


def test_more_pictures_know_more(make, blocks):
    made = make(400, 5, apart=1)
    right = (answers(made, blocks) == made.labels).mean(axis=1)
    assert right[0] < right[1] <= right[2] + 0.05
    assert right[2] > 0.7


def test_labels_of_the_judged_fold_change_nothing(make, blocks):
    made = make(200, 4)
    held = made.fold == 1
    labels = made.labels.copy()
    labels[held] = np.roll(labels[held], 1)
    before = answers(made, blocks)
    after = answers(made, blocks, labels=labels, group=np.arange(200))
    # With everything to learn from, the order in which groups come in decides nothing.
    np.testing.assert_array_equal(before[2][held], after[2][held])


def test_a_larger_share_has_all_of_a_smaller_one(make, blocks):
    made = make(200, 4)
    one_class = np.where(made.fold == 0, 0, -1)
    small, middle, whole = answers(made, blocks, fold=one_class)
    assert (small[one_class < 0] == -1).all()
    assert (whole[one_class == 0] >= 0).all()
    assert (middle[one_class == 0] >= 0).all()


def test_what_is_left_out_is_not_learned_from(make, blocks):
    made = make(200, 4)
    left_out = {0: np.flatnonzero((made.labels == 3) & (made.fold != 0))}
    whole = answers(made, blocks, left_out=left_out)[2]
    assert 3 not in whole[made.fold == 0]
    assert 3 in whole[made.fold == 1]


def test_groups_come_in_whole(make, blocks):
    made = make(40, 2)
    # One group a class: the smallest share has it all.
    small, _, whole = answers(made, blocks, group=made.labels, fold=np.where(np.arange(40) < 10, 0, 1))
    np.testing.assert_array_equal(small, whole)


def test_the_same_seed_gives_the_same_answers(make, blocks):
    made = make(200, 4)
    np.testing.assert_array_equal(answers(made, blocks, seed=3), answers(made, blocks, seed=3))
