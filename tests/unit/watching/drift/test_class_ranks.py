"""Ranks are uniform without drift, whatever the mix of classes, and ties are broken evenly."""

import numpy as np
import pytest
from scipy.stats import kstest

from discern.watching.drift.class_ranks import ClassRanks, uniform_of


def make(classes: int = 1, pictures: int = 2000, apart: float = 3.0) -> tuple[ClassRanks, np.random.Generator]:
    random = np.random.default_rng(0)
    label = random.integers(0, classes, pictures)
    return ClassRanks(random.normal(apart * label), label, random.random(pictures)), random


def share(ranks: ClassRanks, found: np.ndarray) -> np.ndarray:
    return (found + 0.5) / (len(ranks) + 1)


@pytest.mark.parametrize("classes", [1, 2, 20])
def test_ranks_of_the_same_distribution_are_uniform(classes: int) -> None:
    ranks, random = make(classes)
    label = random.integers(0, classes, 2000)
    found = ranks.rank(random.normal(3.0 * label), label, random.random(2000))
    assert kstest(share(ranks, found), "uniform").statistic < 0.045


def test_another_mix_of_classes_changes_ranks_little() -> None:
    ranks, random = make(2)
    label = (random.random(2000) < 0.95).astype(int)
    found = share(ranks, ranks.rank(random.normal(3.0 * label), label, random.random(2000)))
    assert abs(found.mean() - 0.5) < 0.03
    pooled, _ = make(1, apart=0)
    assert share(pooled, pooled.rank(3.0 * label, np.zeros(2000, int), random.random(2000))).mean() > 0.9


def test_a_shift_within_a_class_moves_its_ranks() -> None:
    ranks, random = make(2)
    label = np.ones(500, int)
    found = share(ranks, ranks.rank(random.normal(3.0 * label) + 1, label, random.random(500)))
    assert found.mean() > 0.7


def test_extremes_get_the_outermost_ranks() -> None:
    ranks, _ = make()
    found = ranks.rank(np.array([-99.0, 99.0]), np.array([0, 0]), np.array([0.5, 0.5]))
    assert found[0] <= 1
    assert found[1] >= len(ranks) - 1


def test_ties_are_spread_evenly_over_their_ranks() -> None:
    random = np.random.default_rng(1)
    ranks = ClassRanks(np.full(400, 7.0), np.zeros(400, int), random.random(400))
    found = ranks.rank(np.full(2000, 7.0), np.zeros(2000, int), random.random(2000))
    assert kstest(share(ranks, found), "uniform").statistic < 0.09
    assert ranks.rank(np.array([8.0]), np.array([0]), np.array([0.0]))[0] >= 399


def test_an_unknown_class_is_ranked_among_all() -> None:
    ranks, random = make(2)
    label = random.integers(0, 2, 2000)
    found = ranks.rank(random.normal(3.0 * label), np.full(2000, -1), random.random(2000))
    assert abs(share(ranks, found).mean() - 0.5) < 0.05


def test_random_numbers_are_uniform_reproducible_and_different_in_each_stream() -> None:
    numbers = np.arange(-1000, 4000)
    first, second = uniform_of(numbers, 0), uniform_of(numbers, 1)
    assert kstest(first, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    assert np.array_equal(uniform_of(numbers[10:20], 0), first[10:20])
    assert first.min() >= 0
    assert first.max() < 1
