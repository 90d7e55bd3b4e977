"""The best candidate on held-out pictures is taken, and ships as one affine map."""

from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.heads import ABSENT, unit_blocks
from discern.heads.lda import Linear
from discern.heads.model_selection import HeldOutLogits, calibrate, calibrate_each, select


def answers_of(**logits: np.ndarray) -> HeldOutLogits:
    count, classes = next(iter(logits.values())).shape
    return HeldOutLogits(
        positions=np.arange(count),
        logits=logits,
        present=np.ones((count, classes), bool),
        measures=np.zeros((count, 4), np.float32),
    )


@pytest.fixture
def made():
    """A good head, a poor one, and one whose mistakes are of another kind."""
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 3
    truth = np.eye(3)[labels] - 1 / 3
    noise = [generator.standard_normal((300, 3)) for _ in range(3)]
    noise = [some - some.mean(axis=1, keepdims=True) for some in noise]
    return labels, truth * 4 + noise[0], (truth + noise[1]) * 9, truth * 30 + noise[2] * 8


def test_the_best_head_is_taken(made):
    labels, good, poor, _ = made
    choice = select(answers_of(discriminant=poor, **{"discriminant-soft": good}), labels, np.ones(300))
    assert choice.name == "discriminant-soft"
    assert set(choice.log_losses) == {"discriminant", "discriminant-soft"}
    assert choice.log_losses["discriminant-soft"] < choice.log_losses["discriminant"]


def test_two_heads_with_different_mistakes_are_averaged_whatever_their_scales(made):
    labels, good, _, other = made
    choice = select(answers_of(discriminant=other, logistic=good), labels, np.ones(300))
    assert choice.name == "discriminant+logistic"
    assert choice.temperatures["discriminant"] > 3 * choice.temperatures["logistic"]
    assert choice.log_losses[choice.name] == min(choice.log_losses.values())


def test_every_candidate_is_calibrated_before_it_is_compared(made):
    labels, good, poor, _ = made
    answers = answers_of(discriminant=poor, logistic=good)
    choices = calibrate_each(answers, labels, np.ones(300))
    assert [choice.name for choice in choices] == ["discriminant", "logistic", "discriminant+logistic"]
    for choice in choices:
        np.testing.assert_array_equal(choice.answer(answers), choice.logits(answers.logits, answers.present))
    assert not select(answers, labels, np.ones(300)).maes


def test_two_discriminants_are_not_averaged(made):
    labels, good, _, other = made
    choice = select(answers_of(discriminant=other, **{"discriminant-soft": good}), labels, np.ones(300))
    assert not any("+" in name for name in choice.log_losses)


def test_the_head_that_ships_says_what_was_judged(made):
    labels = made[0]
    generator = np.random.default_rng(1)
    spans = ((0, 4), (4, 6))
    rows = unit_blocks(generator.standard_normal((300, 6)), spans)
    present = np.array([True, True, True])
    wide = Linear.centred(generator.standard_normal((6, 3)), generator.standard_normal(3), present)
    narrow = Linear.centred(generator.standard_normal((4, 3)), generator.standard_normal(3), present)
    logits = {"discriminant": wide.logits(rows), "logistic-head": narrow.logits(rows[:, :4])}
    choice = calibrate(answers_of(**logits), labels, np.ones(300), {"discriminant": 2.0, "logistic-head": 0.5})
    head = choice.head(
        {"discriminant": wide.weight, "logistic-head": narrow.weight},
        {"discriminant": wide, "logistic-head": narrow},
        spans,
    )
    np.testing.assert_allclose(head.logits(rows), choice.logits(logits, present), atol=1e-4)


def test_classes_that_were_not_learned_get_next_to_nothing(made):
    labels, good, _, _ = made
    present = np.array([True, False, True])
    choice = select(answers_of(discriminant=good), labels, np.ones(300))
    logits = choice.logits({"discriminant": good}, present)
    assert (logits[:, 1] == ABSENT).all()
    linear = Linear.centred(np.ones((2, 2)), np.ones(2), present)
    head = choice.head({"discriminant": linear.weight}, {"discriminant": linear}, ((0, 2),))
    assert (head.probabilities(np.ones((4, 2)))[:, 1] < 1e-6).all()


def test_answers_are_joined_and_selected_by_fold(made):
    labels, good, poor, _ = made
    first, second = answers_of(discriminant=good, logistic=poor), answers_of(discriminant=poor)
    margins = {"cumulative": np.arange(1200.0).reshape(300, 4)}
    both = HeldOutLogits.join([replace(first, margins=margins)] * 2)
    assert both.margins["cumulative"].shape == (600, 4)
    np.testing.assert_array_equal(
        replace(first, margins=margins).select(labels, 2).margins["cumulative"], margins["cumulative"][labels == 2]
    )
    assert not HeldOutLogits.join([first, replace(second, margins=margins)]).margins
    joined = HeldOutLogits.join([first, second])
    assert list(joined.logits) == ["discriminant"]
    assert len(joined.positions) == 600
    selected = first.select(labels, 1)
    np.testing.assert_array_equal(selected.positions, np.flatnonzero(labels == 1))
    np.testing.assert_array_equal(selected.logits["logistic"], poor[labels == 1])
