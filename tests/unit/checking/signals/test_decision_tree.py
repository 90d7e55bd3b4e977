"""The decision tree predicts what scikit-learn's predicts, but for ties."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from discern.checking.signals.decision_tree import TreeSize, predict_by_tree

SIZE = TreeSize(smallest_leaf=5, most_leaves=16)


def fit_peer(values, labels, training, size=SIZE):
    """Labels of the other rows by scikit-learn's tree of the same size."""
    tree = DecisionTreeClassifier(
        min_samples_leaf=size.smallest_leaf,
        max_leaf_nodes=size.most_leaves,
        class_weight="balanced",
        random_state=0,
    )
    return tree.fit(values[training], labels[training]).predict(values[~training])


def draw(seed, rows, columns, classes, shift=0.0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, rows)
    return random.normal(size=(rows, columns)) + shift * labels[:, None], labels, random.random(rows) < 0.8


@pytest.mark.parametrize(("classes", "columns", "shift"), [(2, 1, 0), (3, 1, 0.5), (7, 1, 0.2), (3, 4, 0.3), (9, 3, 1)])
def test_it_predicts_what_the_peer_predicts(classes, columns, shift):
    # Large leaves, of which hardly any two splits are equally good.
    size = TreeSize(smallest_leaf=23, most_leaves=12)
    for seed in range(8):
        values, labels, training = draw(seed, 700, columns, classes, shift)
        predicted = predict_by_tree(values, labels, training, size=size)
        assert (predicted == fit_peer(values, labels, training, size)).all()


@pytest.mark.parametrize("categories", [2, 3, 9])
def test_categories_are_told_apart_as_by_the_peer(categories):
    for seed in range(8):
        random = np.random.default_rng(seed)
        values, labels = random.integers(0, categories, (301, 1)).astype(np.float64), random.integers(0, 5, 301)
        training = random.random(301) < 0.8
        assert (predict_by_tree(values, labels, training, size=SIZE) == fit_peer(values, labels, training)).all()


def test_with_small_leaves_only_ties_differ():
    differing = total = 0
    for seed in range(20):
        values, labels, training = draw(seed, 300, 3, 5, 0.3)
        predicted = predict_by_tree(values, labels, training, size=SIZE)
        differing += int((predicted != fit_peer(values, labels, training)).sum())
        total += len(predicted)
    assert differing <= 0.02 * total


def test_classes_count_alike_however_few_their_rows():
    labels = np.repeat([0, 1], [400, 20])
    training = np.arange(420) % 2 == 0
    predicted = predict_by_tree(labels[:, None].astype(float), labels, training, size=SIZE)
    assert (predicted == labels[~training]).all()
    same = predict_by_tree(np.zeros((420, 1)), labels, training, size=SIZE)
    assert set(same.tolist()) == {0}  # both weigh as much: the first


def test_a_class_without_training_rows_is_never_predicted():
    labels = np.array([0] * 20 + [2] * 20 + [1] * 5)
    values, training = np.arange(45.0)[:, None], labels != 1
    assert predict_by_tree(values, labels, training, size=SIZE).tolist() == [2] * 5


def test_of_equal_columns_the_first_is_split_whatever_follows_it():
    values, labels, training = draw(0, 200, 1, 3, 0.5)
    alone = predict_by_tree(values, labels, training, size=SIZE)
    assert (predict_by_tree(np.repeat(values, 3, axis=1), labels, training, size=SIZE) == alone).all()


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_too_few_rows_are_one_leaf(rows):
    labels = np.array([1] * rows + [0])
    predicted = predict_by_tree(np.arange(rows + 1.0)[:, None], labels, labels == 1, size=SIZE)
    assert predicted.tolist() == [1]


def test_no_rows_to_predict_give_no_labels():
    values, labels, _ = draw(0, 40, 2, 3)
    assert predict_by_tree(values, labels, np.ones(40, bool), size=SIZE).shape == (0,)


def test_many_classes_and_columns_stay_within_the_leaves():
    values, labels, training = draw(1, 500, 4, 40)
    predicted = predict_by_tree(values, labels, training, size=TreeSize(smallest_leaf=1, most_leaves=3))
    assert len(set(predicted.tolist())) <= 3
