"""The strictest error limit that holds is found in one sequence, so that it is wrong no more often than one test."""

import numpy as np
import pytest
from scipy import stats

from discern.heads.policy.risk_control import fewest_groups, fit_risk_control
from discern.heads.policy.strictest_limit import fit_strictest_limit, poisson_at_most


def fit(confidence: np.ndarray, correct: np.ndarray, **more):
    return fit_strictest_limit(confidence, correct, floor_of=lambda _: 0.5, **more)


@pytest.mark.parametrize(
    ("groups", "risk"), [(13, None), (14, 0.2), (28, 0.2), (29, 0.1), (58, 0.1), (59, 0.05), (400, 0.05)]
)
def test_the_number_of_groups_without_an_error_decides(groups: int, risk: float | None) -> None:
    control = fit(np.linspace(1, 0.95, groups), np.ones(groups, bool))
    assert control.to_json()["risk"] == risk
    assert (control.t_accept is None) == (risk is None)


def test_too_few_groups_are_told_for_the_loosest_limit() -> None:
    control = fit(np.ones(10), np.ones(10, bool))
    assert (control.risk, control.needed) == (0.2, fewest_groups(0.2) - 10)


def test_the_strictest_limit_is_the_one_of_its_own_tests() -> None:
    random = np.random.default_rng(0)
    for _ in range(40):
        confidence = (1 + random.random(300)) / 2
        correct = random.random(300) >= 0.15 * (1 - confidence)
        found, alone = fit(confidence, correct), fit_risk_control(confidence, correct, risk=0.05)
        assert (found.risk == 0.05) == (alone.t_accept is not None)
        if found.risk == 0.05:
            assert (found.t_accept, found.sentence) == (alone.t_accept, alone.sentence)


def test_a_looser_limit_accepts_as_much_as_the_confidences_promise() -> None:
    confidence, correct = np.full(300, 0.9), np.arange(300) % 10 > 0
    control = fit(confidence, correct)
    assert (control.risk, control.share) == (0.2, 1.0)
    doubtful = fit(np.linspace(1, 0.5, 300), correct)
    assert (doubtful.risk, doubtful.share < 0.7) == (0.2, True)


def test_all_shares_are_tested_where_the_next_limit_has_hardly_a_chance() -> None:
    confidence, correct = np.linspace(0.85, 0.75, 300), np.arange(300) % 10 > 0
    found, alone = fit(confidence, correct), fit_risk_control(confidence, correct, risk=0.2)
    assert (found.risk, found.t_accept, found.share) == (0.2, alone.t_accept, alone.share)


def test_a_failure_at_a_looser_limit_ends_the_sequence() -> None:
    correct = np.ones(400, bool)
    correct[250:] = False
    control = fit(np.linspace(1, 0.97, 400), correct)
    assert control.risk == 0.2
    assert fit_risk_control(np.linspace(1, 0.97, 400), correct, risk=0.05).t_accept is not None


def test_two_limits_that_nearly_hold_are_not_missed_twice_as_often() -> None:
    # 5.05 % of the most confident quarter are wrong, 10.05 % of any larger share: each limit alone is missed in 5 %.
    def error(confidence: np.ndarray) -> np.ndarray:
        return np.where(confidence > 0.88, 0.0505, np.where(confidence > 0.85, 0.3, 0.101))

    random, draws, missed = np.random.default_rng(1), 500, 0
    for _ in range(draws):
        confidence = (1 + random.random(600)) / 2
        control = fit(confidence, random.random(600) >= error(confidence))
        if control.t_accept is not None:
            accepted = np.linspace(control.t_accept, 1, 2000)
            missed += error(accepted).mean() > control.risk
    assert missed / draws <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


def test_the_poisson_probabilities_are_those_of_scipy() -> None:
    count, mean = np.meshgrid([-5, -1, 0, 1, 2, 7, 40, 1000, 100_000], [0, 1e-300, 1e-9, 0.1, 1, 7.5, 300, 1e5, 1e9])
    np.testing.assert_allclose(poisson_at_most(count, mean), stats.poisson.cdf(count, mean), rtol=1e-14)
