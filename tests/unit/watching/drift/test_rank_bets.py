"""A bet on ranks has an expected value of at most 1 without drift, and grows under the change that it is made for."""

import numpy as np
import pytest

from discern.watching.drift.rank_bets import TILTS, Tilt, bet_on_ranks, make_bets


def test_bets_lose_on_average_for_ranks_of_the_reference() -> None:
    values = np.exp(make_bets(500, TILTS, 0.001))
    assert values.shape == (len(TILTS), 501)
    assert (values.mean(axis=1) < 1).all()


def test_a_smaller_error_makes_bets_more_careful() -> None:
    careful, bold = make_bets(500, TILTS, 1e-6), make_bets(500, TILTS, 0.1)
    assert (careful.mean(axis=1) < bold.mean(axis=1)).all()


def test_a_larger_reference_makes_bets_bolder() -> None:
    means = [np.exp(make_bets(pictures, (Tilt(1.0),), 0.001)).mean() for pictures in (100, 500, 2000)]
    assert means == sorted(means)


@pytest.mark.parametrize("error", [0.01, 0.001])
def test_the_expected_value_given_the_reference_exceeds_one_as_rarely_as_promised(error: float) -> None:
    values = np.exp(make_bets(100, (Tilt(0.4), Tilt(2.0, 0.15)), error))
    weights = np.random.default_rng(0).exponential(size=(20_000, 101))
    expected = weights @ values.T / weights.sum(axis=1, keepdims=True)
    assert (np.mean(expected > 1, axis=0) < 1.3 * error + 3 * np.sqrt(error / 20_000)).all()


def test_a_part_of_the_capital_cannot_be_lost() -> None:
    assert np.exp(make_bets(500, (Tilt(2.0, 0.15),), 0.001)).min() >= 0.85


def test_both_sides_are_mirror_images() -> None:
    bets = make_bets(50, (Tilt(0.5), Tilt(1.0)), 0.01)
    found = bet_on_ranks(np.array([0, 10, 50]), (1, -1), bets)
    assert found.shape == (3, 4)
    assert np.array_equal(found[:, :2], bet_on_ranks(np.array([50, 40, 0]), (-1,), bets))
    assert found[2, 0] == bets[0, 50]
    assert found[2, 2] == bets[0, 0]
