"""The simplest model is chosen that is not inferior to the best one."""

import numpy as np
import pytest

from discern.evaluating.intervals import Interval
from discern.evaluating.simplest_model import (
    MARGIN,
    Evidence,
    ModelChoice,
    choose_model,
    compare_pairs,
    count_needed,
)


def choose(correct: list[np.ndarray], groups: np.ndarray) -> ModelChoice:
    """The choice among models that are listed from the simplest on."""
    pairs = compare_pairs(correct, groups=groups)
    return choose_model(range(len(correct)), pairs, judged=[float(each.mean()) for each in correct])


def drawn(random: np.random.Generator, hard: np.ndarray, accuracy: float) -> np.ndarray:
    """Correctness of a model whose errors are mostly on hard pictures."""
    error = (1 - accuracy) * np.where(hard, 3.0, 1 / 3)
    return np.asarray(random.random(len(hard)) >= error)


@pytest.mark.parametrize("models", [2, 4])
@pytest.mark.parametrize("size", [1, 4])
def test_another_model_than_the_simplest_is_chosen_for_more_than_a_point_or_for_what_is_shown(
    models: int, size: int
) -> None:
    random = np.random.default_rng(models + size)
    for _ in range(200):
        groups = np.repeat(np.arange(60), size)
        hard = np.repeat(random.random(60) < 0.25, size)
        correct = [drawn(random, hard, 0.85) for _ in range(models)]
        choice = choose(correct, groups)
        found = [each.mean() for each in correct]
        if choice.evidence is Evidence.BEST:
            assert all(found[place] < found[choice.chosen] - MARGIN for place in range(choice.chosen))
        else:
            assert found[choice.chosen] >= found[choice.best] - MARGIN


@pytest.mark.parametrize("models", [2, 4])
def test_of_equal_models_the_simplest_is_chosen_where_the_pictures_suffice(models: int) -> None:
    random, tries, others = np.random.default_rng(models), 200, 0
    for _ in range(tries):
        hard = random.random(3000) < 0.25
        others += choose([drawn(random, hard, 0.95) for _ in range(models)], np.arange(3000)).chosen != 0
    # Above 5 % only by the noise of the simulation itself: three standard errors.
    assert others / tries <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / tries)


@pytest.mark.parametrize("gain", [0.0, 0.02, 0.05])
def test_whatever_is_chosen_the_simpler_ones_are_not_shown_to_be_not_inferior(gain: float) -> None:
    random = np.random.default_rng(int(100 * gain))
    for _ in range(100):
        hard = random.random(300) < 0.25
        correct = [drawn(random, hard, 0.85 + gain * place) for place in range(3)]
        choice = choose(correct, np.arange(300))
        pairs = compare_pairs(correct, groups=np.arange(300))
        shown = [
            place
            for place in range(choice.best)
            if (low := pairs[place, choice.best].test.difference.low) is not None and low >= -MARGIN
        ]
        if shown:
            assert choice.chosen == shown[0]


def test_a_clearly_better_model_is_worth_its_size() -> None:
    random = np.random.default_rng(0)
    simple, large = random.random(800) < 0.8, random.random(800) < 0.9
    assert choose([simple, large], np.arange(800)) == ModelChoice(chosen=1, simplest=0, best=1, evidence=Evidence.BEST)


def test_a_clear_difference_within_the_margin_is_not_worth_it() -> None:
    large = np.ones(20_000, bool)
    simple = large.copy()
    simple[:60] = False  # .3 points worse, and surely so
    groups = np.arange(20_000)
    assert compare_pairs([simple, large], groups=groups)[0, 1].is_clear
    assert choose([simple, large], groups) == ModelChoice(chosen=0, simplest=0, best=1, evidence=Evidence.NOT_INFERIOR)


def test_what_is_estimated_within_the_margin_and_not_shown_is_called_undecided() -> None:
    large = np.arange(200) >= 5
    simple = np.arange(200) >= 7  # one point
    assert choose([simple, large], np.arange(200)).evidence is Evidence.UNDECIDED
    assert choose([simple, large], np.arange(200) // 20).evidence is Evidence.TOO_FEW


def test_a_model_that_is_estimated_more_than_the_margin_below_is_not_shipped_for_its_size() -> None:
    large = np.arange(200) >= 5
    simple = np.arange(200) >= 8
    for groups in (np.arange(200), np.arange(200) // 20):
        choice = choose([simple, large], groups)
        assert (choice.chosen, choice.evidence) == (1, Evidence.BEST)


def test_luck_on_the_compared_pictures_does_not_tell_the_best_model() -> None:
    lucky, other = np.arange(100) >= 5, np.arange(100) < 92
    pairs = compare_pairs([other, lucky], groups=np.arange(100))
    assert choose_model((0, 1), pairs, judged=[0.93, 0.92]).chosen == 0
    assert choose_model((0, 1), pairs, judged=[0.92, 0.93]).chosen == 1


def test_the_best_model_elsewhere_is_not_the_measure_where_another_is_clearly_better() -> None:
    random = np.random.default_rng(0)
    bad, good = random.random(800) < 0.7, random.random(800) < 0.9
    pairs = compare_pairs([bad, good], groups=np.arange(800))
    choice = choose_model((0, 1), pairs, judged=[0.9, 0.8])
    assert (choice.chosen, choice.best, choice.refuted) == (1, 1, 0)


def test_the_order_of_simplicity_counts_and_not_that_of_the_list() -> None:
    random = np.random.default_rng(0)
    correct = [random.random(800) < share for share in (0.9, 0.8, 0.9)]
    accuracy = [float(each.mean()) for each in correct]
    pairs = compare_pairs(correct, groups=np.arange(800))
    assert choose_model((1, 2, 0), pairs, judged=accuracy).chosen in (2, 0)
    assert choose_model((1, 0, 2), pairs, judged=accuracy).chosen == 0


@pytest.mark.parametrize(
    ("ends", "needed"),
    [
        ((0.0, -0.02, 0.02), 400),
        ((0.005, -0.001, 0.011), 100),
        ((-0.005, -0.025, 0.015), 1600),
        ((-0.009, -0.03, 0.012), None),
        ((-0.05, -0.1, 0.0), None),
    ],
)
def test_the_number_of_pictures_that_would_show_it_grows_with_the_square(
    ends: tuple[float, float, float], needed: int | None
) -> None:
    value, low, high = ends
    assert count_needed(Interval(value=value, low=low, high=high), 100) == needed
    assert count_needed(Interval(value=value), 100) is None
