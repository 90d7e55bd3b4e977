"""A 95 % interval must hold the truth in about 95 of 100 worlds: checked by living through many."""

import numpy as np
import pytest

from discern.evaluating import evaluate_calibration, evaluate_predictions, evaluate_share, paired_difference

WORLDS = 200


def films(random: np.random.Generator, *, share: float, groups: int, longest: int, likeness: float):
    """Groups of 1..longest pictures whose chances of being right differ from group to group."""
    length = random.integers(1, longest + 1, groups)
    spread = (1 - likeness) / likeness
    chance = random.beta(share * spread, (1 - share) * spread, groups)
    group = np.repeat(np.arange(groups), length)
    return random.random(len(group)) < chance[group], group


@pytest.mark.parametrize(
    ("share", "groups", "longest", "likeness"),
    [(0.9, 60, 1, 0.01), (0.97, 100, 1, 0.01), (0.8, 25, 4, 0.2), (0.9, 60, 6, 0.3), (0.9, 200, 6, 0.3)],
)
def test_accuracy(share: float, groups: int, longest: int, likeness: float):
    random = np.random.default_rng(0)
    inside = 0
    for world in range(WORLDS):
        correct, group = films(random, share=share, groups=groups, longest=longest, likeness=likeness)
        figure = evaluate_share(correct, groups=group, seed=world)
        inside += figure.low <= share <= figure.high
    assert 0.9 <= inside / WORLDS <= 0.995


def test_resampling_pictures_instead_of_groups_would_be_too_sure():
    random = np.random.default_rng(0)
    inside = 0
    for world in range(WORLDS):
        correct, _ = films(random, share=0.9, groups=60, longest=12, likeness=0.5)
        figure = evaluate_share(correct, seed=world)
        inside += figure.low <= 0.9 <= figure.high
    assert inside / WORLDS < 0.8


@pytest.mark.parametrize(("differing", "gain"), [(0.2, 0.0), (0.2, 0.08), (0.03, 0.01), (0.02, 0.0)])
def test_paired_difference(differing: float, gain: float):
    random = np.random.default_rng(1)
    inside = 0
    for world in range(WORLDS):
        luck = random.random(150)
        better, worse = luck < (differing + gain) / 2, luck > 1 - (differing - gain) / 2
        agree = random.random(150) < 0.8
        figure = paired_difference(
            np.where(worse, False, agree | better), np.where(better, False, agree | worse), seed=world
        )
        inside += figure.low <= gain <= figure.high
    assert inside / WORLDS >= 0.9


def world_of_three(random: np.random.Generator, *, groups: int, too_sure: float):
    """Three classes, films of up to four like pictures; with `too_sure` 1 the probabilities are exact."""
    group = np.repeat(np.arange(groups), random.integers(1, 5, groups))
    truth = random.integers(0, 3, groups)[group]
    logits = 0.8 * (random.normal(size=(groups, 3))[group] + random.normal(size=(len(group), 3)))
    logits[np.arange(len(group)), truth] += 2.2
    odds = np.exp(too_sure * logits * 2.2 / 1.28)
    return truth, odds / odds.sum(axis=1, keepdims=True), group


def test_balanced_accuracy_and_macro_f1():
    labels = ("a", "b", "c")
    truth, probabilities, group = world_of_three(np.random.default_rng(7), groups=60_000, too_sure=1.0)
    whole = evaluate_predictions(truth, probabilities, labels=labels, groups=np.zeros_like(group))
    random, inside = np.random.default_rng(2), {"balanced_accuracy": 0, "macro_f1": 0}
    for world in range(100):
        truth, probabilities, group = world_of_three(random, groups=80, too_sure=1.0)
        figures = evaluate_predictions(truth, probabilities, labels=labels, groups=group, seed=world)
        for name in inside:
            figure = getattr(figures, name)
            inside[name] += figure.low <= getattr(whole, name).value <= figure.high
    assert min(inside.values()) >= 88


def test_a_calibrated_model_stays_within_what_chance_shows():
    random, inside, covered = np.random.default_rng(3), 0, 0
    for world in range(100):
        truth, probabilities, group = world_of_three(random, groups=80, too_sure=1.0)
        correct = probabilities.argmax(axis=1) == truth
        figure = evaluate_calibration(probabilities.max(axis=1), correct, groups=group, seed=world)
        inside += figure.ece.value <= figure.null95
        covered += figure.ece.low == 0.0
    assert inside >= 88
    assert covered == inside


def test_a_model_that_is_too_sure_is_measured_without_bias():
    truth, probabilities, group = world_of_three(np.random.default_rng(7), groups=60_000, too_sure=1.8)
    correct = probabilities.argmax(axis=1) == truth
    real = evaluate_calibration(probabilities.max(axis=1), correct, groups=np.zeros_like(group)).ece.value
    random, values, inside = np.random.default_rng(4), [], 0
    for world in range(100):
        truth, probabilities, group = world_of_three(random, groups=150, too_sure=1.8)
        correct = probabilities.argmax(axis=1) == truth
        figure = evaluate_calibration(probabilities.max(axis=1), correct, groups=group, seed=world).ece
        values.append(figure.value)
        inside += figure.low <= real <= figure.high
    assert np.mean(values) == pytest.approx(real, abs=0.01)
    assert inside >= 90
