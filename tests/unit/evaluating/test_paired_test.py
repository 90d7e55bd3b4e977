"""Paired tests agree with their intervals, and are adjusted for their number."""

import numpy as np
import pytest

from discern.evaluating import paired_difference
from discern.evaluating.paired_test import adjust_p_values, compute_paired_test


@pytest.mark.parametrize("seed", range(30))
def test_p_is_small_where_the_interval_excludes_0(seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = random.integers(0, 60, 150)
    a, b = random.random(150) < 0.9, random.random(150) < 0.82
    found = compute_paired_test(a, b, groups=groups)
    assert found.difference == paired_difference(a, b, groups=groups)
    assert found.difference.low is not None
    assert found.difference.high is not None
    assert found.p is not None
    assert (found.p < 0.05) == (not found.difference.low <= 0 <= found.difference.high)


def test_models_with_the_same_answers_do_not_differ() -> None:
    right = np.arange(100) % 7 > 0
    assert compute_paired_test(right, right).p == 1.0


def test_too_few_groups_have_no_p() -> None:
    found = compute_paired_test(np.ones(200), np.zeros(200), groups=np.arange(200) // 20)
    assert (found.p, found.difference.note) == (None, "too few groups for an interval")


def test_p_values_are_adjusted_as_by_holm() -> None:
    # The example of Holm's step-down procedure: .005 x 4, .01 x 3, then no smaller than before.
    assert adjust_p_values([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjust_p_values([None, 0.6, 0.7]) == [None, 1.0, 1.0]
    assert adjust_p_values([]) == []
