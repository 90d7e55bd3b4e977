"""The martingale is a fair game at every time, finds when a change began, and does not depend on batches."""

import numpy as np
import pytest
from scipy.special import logsumexp

from discern.watching.drift.conformal_martingale import ConformalMartingale, add_and_multiply


def fair(random: np.random.Generator, count: int, bets: int = 2) -> np.ndarray:
    """Draw log factors whose expected value is 1."""
    return np.log(np.where(random.random((count, bets)) < 0.5, 0.7, 1.3))


def test_sums_and_products_are_those_of_a_loop() -> None:
    random = np.random.default_rng(0)
    factors, added = random.normal(size=(30, 3)), random.normal(size=30)
    expected, value = [], np.exp(np.array([0.1, -2.0, 1.0]))
    for factor, more in zip(np.exp(factors), np.exp(added), strict=True):
        value = (value + more) * factor
        expected.append(value)
    found = add_and_multiply(np.array([0.1, -2.0, 1.0]), added, factors)
    assert np.exp(found) == pytest.approx(np.array(expected))


def test_the_expected_value_stays_one_in_a_fair_game() -> None:
    random = np.random.default_rng(1)
    ends = []
    for _ in range(4000):
        martingale = ConformalMartingale([0.5, 0.5])
        martingale.update(fair(random, 20))
        ends.append(np.exp(martingale.value()))
    assert np.mean(ends) == pytest.approx(1, abs=0.06)


def test_a_fair_game_rarely_reaches_twenty() -> None:
    random = np.random.default_rng(2)
    reached = 0
    for _ in range(400):
        capitals = ConformalMartingale([0.5, 0.5]).foresee(fair(random, 1000))
        reached += int(logsumexp(capitals, axis=1).max() >= np.log(20))
    assert reached <= 400 / 20 + 3 * np.sqrt(400 / 20)


def test_batches_do_not_matter() -> None:
    factors = fair(np.random.default_rng(3), 500, 3)
    whole, parts = ConformalMartingale([0.2, 0.3, 0.5]), ConformalMartingale([0.2, 0.3, 0.5])
    whole.update(factors)
    for start, end in ((0, 1), (1, 1), (1, 7), (7, 300), (300, 500)):
        parts.update(factors[start:end])
    assert parts.capitals() == pytest.approx(whole.capitals())
    assert parts.cusum == pytest.approx(whole.cusum)
    assert parts.since.tolist() == whole.since.tolist()
    assert parts.time == 500


def test_what_is_foreseen_happens() -> None:
    martingale = ConformalMartingale([0.5, 0.5])
    factors = fair(np.random.default_rng(4), 50)
    foreseen = martingale.foresee(factors)
    martingale.update(factors)
    assert martingale.capitals() == pytest.approx(foreseen[-1])


def test_a_late_change_is_found_with_its_beginning() -> None:
    random = np.random.default_rng(5)
    factors = np.log(np.where(random.random((1100, 1)) < np.repeat([0.45, 0.9], [1000, 100])[:, None], 1.3, 0.7))
    martingale = ConformalMartingale([1.0])
    values = logsumexp(martingale.foresee(factors), axis=1)
    assert values[999] < np.log(20)
    assert values[-1] > np.log(20)
    martingale.update(factors)
    assert abs(int(martingale.since[0]) - 1000) < 40


def test_lost_capital_leaves_some_for_later() -> None:
    martingale = ConformalMartingale([1.0])
    martingale.update(np.full((5000, 1), -1.0))
    assert 0.05 < np.exp(martingale.value()) < 0.5
