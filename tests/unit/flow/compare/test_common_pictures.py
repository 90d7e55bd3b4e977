"""Groups of the compared runs are joined."""

import numpy as np
import polars as pl

from discern.flow.compare.common_pictures import _join_groups, _weights


def test_pictures_that_any_run_links_are_in_one_group() -> None:
    first = pl.Series(["a", "a", "b", "c", "d"])
    second = pl.Series(["1", "2", "2", "3", "4"])
    groups = _join_groups([first, second])
    assert len(np.unique(groups)) == 3
    assert groups[0] == groups[1] == groups[2]


def test_the_groups_of_equal_runs_stay() -> None:
    groups = _join_groups([pl.Series([3, 1, 3, 2])] * 3)
    assert (groups[0] == groups[2], len(np.unique(groups))) == (True, 3)


def test_copies_count_as_one_picture() -> None:
    assert _weights(pl.Series(["x", "y", "x", None])).tolist() == [0.5, 1.0, 0.5, 1.0]
