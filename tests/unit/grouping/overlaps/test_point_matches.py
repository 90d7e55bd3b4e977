"""Pictures with several matching points at one shift are proposed, others are not."""

import numpy as np
import pytest

from discern.grouping.overlaps import point_matches
from discern.grouping.overlaps.interest_points import LENGTH, InterestPoints
from discern.grouping.overlaps.point_matches import match_points


def make_points(*pictures):
    """Points of pictures that are given as lists of (identity, column, row); equal identities look alike."""
    rng = np.random.default_rng(0)
    looks = rng.normal(size=(2000, LENGTH))
    rows = [(number, *point) for number, points in enumerate(pictures) for point in points]
    descriptor = looks[[identity for _, identity, _, _ in rows]] + 0.02 * rng.normal(size=(len(rows), LENGTH))
    return InterestPoints(
        picture=np.array([number for number, *_ in rows], np.int32),
        place=np.array([(column, row) for *_, column, row in rows], np.float32),
        descriptor=(descriptor / np.linalg.norm(descriptor, axis=1, keepdims=True)).astype(np.float32),
    )


def strangers(start):
    rng = np.random.default_rng(start)
    return [(start + number, *rng.uniform(4, 60, 2)) for number in range(20)]


SHARED = [(1, 50, 10), (2, 55, 30), (3, 44, 50)]
MOVED = [(identity, column - 40.3, row + 2.1) for identity, column, row in SHARED]
PICTURES = ([*SHARED, *strangers(100)], [*strangers(200)], [*MOVED, *strangers(300)])


@pytest.mark.parametrize("exact", [True, False])
def test_the_pair_and_its_shift_are_found(monkeypatch, exact):
    monkeypatch.setattr(point_matches, "_EXACT_UP_TO", 10_000 if exact else 0)
    pairs = match_points(make_points(*PICTURES), 3)
    assert (pairs.first.tolist(), pairs.second.tolist(), pairs.points.tolist()) == ([0], [2], [3])
    assert np.allclose(pairs.shift, [(40.3, -2.1)], atol=0.1)


def test_points_that_move_differently_are_no_pair():
    scattered = [(1, 5, 40), (2, 30, 10), (3, 50, 33)]
    assert len(match_points(make_points([*SHARED, *strangers(100)], [*scattered, *strangers(200)]), 2)) == 0


def test_no_points_are_no_pairs():
    assert len(match_points(make_points([], []), 2)) == 0


def test_many_equal_points_are_bounded():
    alike = [[(1, 10 + number % 5 * 9, 10 + number // 5 * 9) for number in range(25)] for _ in range(40)]
    pairs = match_points(make_points(*alike), 40)
    assert np.bincount(np.concatenate([pairs.first, pairs.second])).mean() <= 30
