"""How often a function starts cold."""

import math

import numpy as np
import pytest

from discern.shipping.cold_starts import cold_starts_per_day


def simulated(per_day: float, seconds: float, idle: float, days: int) -> float:
    """Cold starts a day of a simulation whose requests take the first idle environment."""
    random = np.random.default_rng(0)
    arrivals = np.cumsum(random.exponential(86400 / per_day, int(per_day * days)))
    ready: list[float] = []  # when each environment is idle again
    cold = 0
    for now in arrivals:
        free = next((index for index, at in enumerate(ready) if at <= now), None)
        if free is None:
            free = len(ready)
            ready.append(-math.inf)
        cold += now - ready[free] > idle
        ready[free] = now + seconds
    return cold / days


@pytest.mark.parametrize(("per_day", "seconds"), [(24, 0.06), (500, 1), (5000, 0.06), (20000, 2)])
def test_the_model_agrees_with_a_simulation(per_day: float, seconds: float) -> None:
    found = cold_starts_per_day(per_day, seconds=seconds, idle_minutes=10)
    assert found == pytest.approx(simulated(per_day, seconds, 600, max(2, int(10000 / per_day))), rel=0.25, abs=1)


def test_rare_requests_are_all_cold_and_nothing_is_cold_more_often_than_it_is_asked() -> None:
    assert cold_starts_per_day(1, seconds=0.1, idle_minutes=5) == pytest.approx(1, rel=0.01)
    assert cold_starts_per_day(1e6, seconds=0.1, idle_minutes=0) == pytest.approx(1e6, rel=0.01)


def test_great_traffic_is_computed() -> None:
    assert 0 <= cold_starts_per_day(1e8, seconds=1, idle_minutes=10) < 1e5
