"""Balance of labels: equal weights or equal numbers, whatever the labels' frequencies."""

import numpy as np
import pytest

from discern.errors import UsageError
from discern.training.methods.loop.loop_config import LoopConfig
from discern.training.methods.loop.torch_balance import BALANCES, balance_weights, draw_balanced

RARE = np.array([0] * 40 + [1] * 7 + [3] * 3)


def test_all_labels_get_the_same_sum_and_the_whole_sum_stays() -> None:
    weights = np.random.default_rng(0).random(len(RARE)) + 0.5
    balanced = balance_weights(weights, RARE)
    sums = np.bincount(RARE, balanced)[[0, 1, 3]]
    np.testing.assert_allclose(sums, weights.sum() / 3)
    inside = RARE == 1
    np.testing.assert_allclose(balanced[inside] / balanced[inside].sum(), weights[inside] / weights[inside].sum())


def test_one_label_keeps_its_weights() -> None:
    np.testing.assert_allclose(balance_weights(np.array([1.0, 3.0]), np.array([2, 2])), [1, 3])


def test_an_epoch_has_as_many_pictures_of_each_label_and_as_many_in_all() -> None:
    drawn = draw_balanced(RARE, np.random.default_rng(0))
    assert len(drawn) == len(RARE)
    numbers = np.bincount(RARE[drawn])[[0, 1, 3]]
    assert numbers.max() - numbers.min() <= 1


def test_pictures_of_a_rare_label_are_drawn_equally_often() -> None:
    times = np.bincount(draw_balanced(RARE, np.random.default_rng(0)), minlength=len(RARE))
    for label in (1, 3):
        assert times[label == RARE].min() >= times[label == RARE].max() - 1 >= 1
    assert times[RARE == 0].max() == 1, "of a frequent label, no picture is drawn twice"


def test_over_the_epochs_all_pictures_of_a_frequent_label_are_drawn() -> None:
    seen = {int(row) for epoch in range(20) for row in draw_balanced(RARE, np.random.default_rng([1, epoch]))}
    assert seen == set(range(len(RARE)))


def test_the_order_is_random_and_follows_the_generator() -> None:
    first, second, other = (draw_balanced(RARE, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)
    assert len(set(RARE[first[:10]])) > 1, "labels are mixed"


@pytest.mark.parametrize("labels", [[0], [0, 1], [0, 0, 0, 1], [0, 1, 2, 3, 4]])
def test_few_pictures_can_be_balanced(labels: list[int]) -> None:
    drawn = draw_balanced(np.array(labels), np.random.default_rng(0))
    assert len(drawn) == len(labels)
    assert set(np.array(labels)[drawn]) == set(labels)


def test_an_unknown_balance_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="equal") as caught:
        LoopConfig(epochs=1, batch=2, lr=0.1, balance="equal")
    assert all(name in caught.value.hint for name in BALANCES)


def config(balance: str) -> LoopConfig:
    return LoopConfig(epochs=1, batch=2, lr=0.1, balance=balance)


def test_what_a_label_contributes_to_an_epoch_is_the_same_by_weights_and_by_sampling() -> None:
    weights = np.random.default_rng(0).random(len(RARE)) + 0.5
    by_weights = np.bincount(RARE, config("weights").balanced(weights, RARE, drawn=True))
    of_drawn = config("sampling").balanced(weights, RARE, drawn=True)
    epochs = [draw_balanced(RARE, np.random.default_rng(number)) for number in range(200)]
    by_sampling = np.mean([np.bincount(RARE[rows], of_drawn[rows]) for rows in epochs], axis=0)
    np.testing.assert_allclose(by_sampling[[0, 1, 3]], by_weights[[0, 1, 3]], rtol=0.05)
    np.testing.assert_array_equal(config("none").balanced(weights, RARE, drawn=True), weights)


def test_pictures_that_choose_the_epoch_are_weighted_either_way() -> None:
    weights = np.ones(len(RARE))
    np.testing.assert_allclose(config("sampling").balanced(weights, RARE), config("weights").balanced(weights, RARE))
