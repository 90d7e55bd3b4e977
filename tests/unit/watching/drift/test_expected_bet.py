"""The limit of a bet's expected value is exceeded as often as it says."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import beta

from discern.watching.drift.expected_bet import limit_expectation

DRAWS = 20_000


def expectations(bet: np.ndarray) -> np.ndarray:
    """Draw references, and compute the expected value of the bet given each of them."""
    weights = np.random.default_rng(0).exponential(size=(DRAWS, len(bet)))
    return np.asarray(weights @ bet / weights.sum(axis=1))


@pytest.mark.parametrize("pictures", [20, 200])
@pytest.mark.parametrize("shift", [0.2, 1.0, 2.0])
@pytest.mark.parametrize("error", [0.05, 0.005])
def test_the_limit_holds_as_often_as_it_says(pictures: int, shift: float, error: float) -> None:
    bet = np.exp(shift * ndtri((np.arange(pictures + 1) + 0.5) / (pictures + 1)))
    exceeded = np.mean(expectations(bet) > limit_expectation(bet, error))
    assert error / 2 < exceeded < 1.25 * error + 3 * np.sqrt(error / DRAWS)


def test_the_limit_of_a_threshold_is_that_of_the_beta_distribution() -> None:
    bet = np.repeat([0.0, 1.0], [90, 11])  # the new score is above the tenth largest of 100
    assert limit_expectation(bet, 0.01) == pytest.approx(beta(11, 90).ppf(0.99), rel=0.01)


def test_a_smaller_error_gives_a_larger_limit_below_the_largest_bet() -> None:
    bet = np.linspace(0, 2, 51)
    limits = [limit_expectation(bet, error) for error in (0.1, 0.01, 1e-4, 1e-9)]
    assert limits == sorted(limits)
    assert limits[0] > 1.0
    assert limits[-1] < 2.0


def test_a_constant_bet_has_its_value() -> None:
    assert limit_expectation(np.ones(30), 0.01) == 1.0
