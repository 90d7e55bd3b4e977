"""Few rows stay all of them; of many the same are drawn for the same seed, in their order."""

import numpy as np

from discern.heads.random_subset import random_subset

ROWS = np.arange(100, 200)


def test_few_are_all() -> None:
    assert random_subset(ROWS, 100, seed=0) is ROWS
    assert random_subset(ROWS[:0], 100, seed=0).tolist() == []


def test_of_many_some_are_drawn_once_each_in_order() -> None:
    drawn = random_subset(ROWS, 30, seed=1)
    assert len(set(drawn.tolist())) == 30
    assert sorted(drawn) == drawn.tolist()
    assert set(drawn.tolist()) <= set(ROWS.tolist())


def test_a_seed_decides() -> None:
    assert np.array_equal(random_subset(ROWS, 30, seed=1), random_subset(ROWS, 30, seed=1))
    assert not np.array_equal(random_subset(ROWS, 30, seed=1), random_subset(ROWS, 30, seed=2))
