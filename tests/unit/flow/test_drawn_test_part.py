"""A test part is drawn from data sets of any size, larger from small ones."""

import pytest

from discern.flow.drawn_test_part import split_with_test_part


@pytest.mark.parametrize(("pictures", "share"), [(50, 0.2), (1999, 0.2), (2000, 0.1), (90_000, 0.1)])
def test_small_sets_have_a_larger_test_part(pictures: int, share: float) -> None:
    found = split_with_test_part(pictures, seed=7)
    assert (found.draw_test, found.seed, found.parts[2]) == (True, 7, share)
