"""Coverage of the 95 % intervals, by simulation."""

import numpy as np
import pytest

from discern.evaluating import evaluate_calibration, evaluate_predictions, evaluate_share, paired_difference

SIMULATIONS = 200


def films(random: np.random.Generator, *, share: float, groups: int, longest: int, correlation: float):
    """Draw groups of 1..longest pictures; the probability of a correct prediction varies between groups."""
    length = random.integers(1, longest + 1, groups)
    spread = (1 - correlation) / correlation
    chance = random.beta(share * spread, (1 - share) * spread, groups)
    group = np.repeat(np.arange(groups), length)
    return random.random(len(group)) < chance[group], group


@pytest.mark.parametrize(
    ("share", "groups", "longest", "correlation"),
    [(0.9, 60, 1, 0.01), (0.97, 100, 1, 0.01), (0.8, 30, 4, 0.2), (0.9, 60, 6, 0.3), (0.9, 200, 6, 0.3)],
)
def test_accuracy(share: float, groups: int, longest: int, correlation: float):
    random = np.random.default_rng(0)
    covered_count = 0
    for simulation in range(SIMULATIONS):
        correct, group = films(random, share=share, groups=groups, longest=longest, correlation=correlation)
        interval = evaluate_share(correct, groups=group, seed=simulation)
        covered_count += interval.low <= share <= interval.high
    assert 0.9 <= covered_count / SIMULATIONS <= 0.995


def test_resampling_pictures_instead_of_groups_would_be_overconfident():
    random = np.random.default_rng(0)
    covered_count = 0
    for simulation in range(SIMULATIONS):
        correct, _ = films(random, share=0.9, groups=60, longest=12, correlation=0.5)
        interval = evaluate_share(correct, seed=simulation)
        covered_count += interval.low <= 0.9 <= interval.high
    assert covered_count / SIMULATIONS < 0.8


@pytest.mark.parametrize(("differing", "gain"), [(0.2, 0.0), (0.2, 0.08), (0.03, 0.01), (0.02, 0.0)])
def test_paired_difference(differing: float, gain: float):
    random = np.random.default_rng(1)
    covered_count = 0
    for simulation in range(SIMULATIONS):
        luck = random.random(150)
        better, worse = luck < (differing + gain) / 2, luck > 1 - (differing - gain) / 2
        agree = random.random(150) < 0.8
        interval = paired_difference(
            np.where(worse, False, agree | better), np.where(better, False, agree | worse), seed=simulation
        )
        covered_count += interval.low <= gain <= interval.high
    assert covered_count / SIMULATIONS >= 0.9


def three_classes(random: np.random.Generator, *, groups: int, overconfidence: float):
    """Draw groups of up to four similar pictures of three classes; `overconfidence` 1 gives exact probabilities."""
    group = np.repeat(np.arange(groups), random.integers(1, 5, groups))
    truth = random.integers(0, 3, groups)[group]
    logits = 0.8 * (random.normal(size=(groups, 3))[group] + random.normal(size=(len(group), 3)))
    logits[np.arange(len(group)), truth] += 2.2
    odds = np.exp(overconfidence * logits * 2.2 / 1.28)
    return truth, odds / odds.sum(axis=1, keepdims=True), group


@pytest.mark.slow
def test_balanced_accuracy_and_macro_f1():
    labels = ("a", "b", "c")
    truth, probabilities, group = three_classes(np.random.default_rng(7), groups=60_000, overconfidence=1.0)
    population = evaluate_predictions(truth, probabilities, labels=labels, groups=np.zeros_like(group))
    random, covered_count = np.random.default_rng(2), {"balanced_accuracy": 0, "macro_f1": 0}
    for simulation in range(100):
        truth, probabilities, group = three_classes(random, groups=80, overconfidence=1.0)
        result = evaluate_predictions(truth, probabilities, labels=labels, groups=group, seed=simulation)
        for name in covered_count:
            interval = getattr(result, name)
            covered_count[name] += interval.low <= getattr(population, name).value <= interval.high
    assert min(covered_count.values()) >= 88


def test_a_calibrated_model_stays_below_the_null_quantile():
    random, covered_count, covered = np.random.default_rng(3), 0, 0
    for simulation in range(100):
        truth, probabilities, group = three_classes(random, groups=80, overconfidence=1.0)
        correct = probabilities.argmax(axis=1) == truth
        interval = evaluate_calibration(probabilities.max(axis=1), correct, groups=group, seed=simulation)
        covered_count += interval.ece.value <= interval.null95
        covered += interval.ece.low == 0.0
    assert covered_count >= 88
    assert covered == covered_count


def test_an_overconfident_model_is_measured_without_bias():
    truth, probabilities, group = three_classes(np.random.default_rng(7), groups=60_000, overconfidence=1.8)
    correct = probabilities.argmax(axis=1) == truth
    population = evaluate_calibration(probabilities.max(axis=1), correct, groups=np.zeros_like(group)).ece.value
    random, values, covered_count = np.random.default_rng(4), [], 0
    for simulation in range(100):
        truth, probabilities, group = three_classes(random, groups=150, overconfidence=1.8)
        correct = probabilities.argmax(axis=1) == truth
        interval = evaluate_calibration(probabilities.max(axis=1), correct, groups=group, seed=simulation).ece
        values.append(interval.value)
        covered_count += interval.low <= population <= interval.high
    assert np.mean(values) == pytest.approx(population, abs=0.01)
    assert covered_count >= 90
