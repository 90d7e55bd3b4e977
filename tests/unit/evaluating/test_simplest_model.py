"""The simplest model is chosen unless another one is shown to be better."""

import numpy as np
import pytest

from discern.evaluating.simplest_model import Evidence, ModelChoice, choose_model, compare_pairs


def choose(correct: list[np.ndarray], groups: np.ndarray) -> ModelChoice:
    """The choice among models that are listed from the simplest on."""
    pairs = compare_pairs(correct, groups=groups)
    return choose_model([float(each.mean()) for each in correct], range(len(correct)), pairs)


def drawn(random: np.random.Generator, hard: np.ndarray, accuracy: float) -> np.ndarray:
    """Correctness of a model whose errors are mostly on hard pictures."""
    error = (1 - accuracy) * np.where(hard, 3.0, 1 / 3)
    return np.asarray(random.random(len(hard)) >= error)


@pytest.mark.parametrize("models", [2, 4])
@pytest.mark.parametrize("size", [1, 4])
def test_of_equal_models_another_than_the_simplest_is_rarely_chosen(models: int, size: int) -> None:
    random, tries, others = np.random.default_rng(models + size), 400, 0
    for _ in range(tries):
        groups = np.repeat(np.arange(60), size)
        hard = np.repeat(random.random(60) < 0.25, size)
        correct = [drawn(random, hard, 0.85) for _ in range(models)]
        others += choose(correct, groups).chosen != 0
    # Above 5 % only by the noise of the simulation itself: three standard errors.
    assert others / tries <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / tries)


def test_a_clearly_better_model_is_worth_its_size() -> None:
    random = np.random.default_rng(0)
    simple, large = random.random(800) < 0.8, random.random(800) < 0.9
    assert choose([simple, large], np.arange(800)) == ModelChoice(
        chosen=1, simplest=0, most_accurate=1, evidence=Evidence.MOST_ACCURATE
    )


def test_a_clear_difference_within_the_margin_is_not_worth_it() -> None:
    large = np.ones(20_000, bool)
    simple = large.copy()
    simple[:60] = False  # .3 points worse, and surely so
    groups = np.arange(20_000)
    assert compare_pairs([simple, large], groups=groups)[0, 1].is_clear
    assert choose([simple, large], groups) == ModelChoice(
        chosen=0, simplest=0, most_accurate=1, evidence=Evidence.NOT_INFERIOR
    )


def test_what_is_not_shown_is_called_undecided() -> None:
    large = np.arange(100) >= 5
    simple = np.arange(100) >= 7
    assert choose([simple, large], np.arange(100)).evidence is Evidence.UNDECIDED
    assert choose([simple, large], np.arange(100) // 10).evidence is Evidence.TOO_FEW


def test_the_order_of_simplicity_counts_and_not_that_of_the_list() -> None:
    random = np.random.default_rng(0)
    correct = [random.random(800) < share for share in (0.9, 0.8, 0.9)]
    accuracy = [float(each.mean()) for each in correct]
    pairs = compare_pairs(correct, groups=np.arange(800))
    assert choose_model(accuracy, (1, 2, 0), pairs).chosen == 2
    assert choose_model(accuracy, (1, 0, 2), pairs).chosen == 0
