"""The head whose median label is least far from the truth is taken, and ships as it was judged."""

from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.heads import ABSENT, unit_blocks
from discern.heads.model_selection import HeldOutLogits, Selection
from discern.heads.ordinal import OrdinalFit, log_odds
from discern.heads.ordinal_selection import OrdinalSelection, select_ordinal

SPANS = ((0, 4), (4, 6))
ALL = np.ones(3, bool)


def answers_of(margins: dict[str, np.ndarray], **logits: np.ndarray) -> HeldOutLogits:
    count = len(next(iter((logits | margins).values())))
    return HeldOutLogits(
        positions=np.arange(count),
        logits=logits,
        present=np.ones((count, 3), bool),
        measures=np.zeros((count, 4), np.float32),
        margins=margins,
    )


def margins_of(score: np.ndarray) -> np.ndarray:
    cumulative = OrdinalFit(weight=np.ones(1), thresholds=np.array([-1.0, 1.0]), present=ALL)
    return cumulative.margins(score[:, None])


@pytest.fixture
def made():
    """Labels, a score that follows them, and multinomial logits that know them less well."""
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 3
    score = (labels - 1) * 3 + generator.logistic(size=300)
    logits = np.eye(3)[labels] + generator.standard_normal((300, 3))
    return labels, score, logits - logits.mean(axis=1, keepdims=True)


def test_the_head_that_is_least_far_from_the_truth_is_taken(made):
    labels, score, logits = made
    choice = select_ordinal(answers_of({"cumulative": margins_of(score)}, discriminant=logits), labels, np.ones(300))
    assert isinstance(choice, OrdinalSelection)
    assert set(choice.maes) == set(choice.log_losses) == {"cumulative", "discriminant"}
    assert choice.maes["cumulative"] < choice.maes["discriminant"]


def test_multinomial_heads_may_win_too(made):
    labels, score, logits = made
    noise = np.random.default_rng(1).permutation(score)
    choice = select_ordinal(answers_of({"cumulative": margins_of(noise)}, discriminant=logits), labels, np.ones(300))
    assert isinstance(choice, Selection)
    assert choice.name == "discriminant"
    assert choice.maes["discriminant"] == min(choice.maes.values())


def test_among_equals_the_log_loss_decides(made):
    labels, score, _ = made
    # The same medians, but of a picture in ten the sure answer is a lie that no temperature mends.
    blurred = score.copy()
    wrong = np.abs(blurred) > np.quantile(np.abs(blurred), 0.9)
    blurred[wrong] *= 40
    margins = {"cumulative": margins_of(blurred), "cumulative-soft": margins_of(score)}
    choice = select_ordinal(answers_of(margins), labels, np.ones(300))
    assert choice.maes["cumulative"] == pytest.approx(choice.maes["cumulative-soft"])
    assert choice.name == "cumulative-soft"


def test_weights_say_whose_distance_counts(made):
    labels, score, logits = made
    half = np.arange(300) < 150
    sharp = np.where(half[:, None], np.eye(3)[labels] * 6, logits)
    mixed = np.where(half, -score, score)
    answers = answers_of({"cumulative": margins_of(mixed)}, discriminant=sharp)
    assert select_ordinal(answers, labels, np.where(half, 1.0, 1e-3)).name == "discriminant"
    assert select_ordinal(answers, labels, np.where(half, 1e-3, 1.0)).name == "cumulative"


def test_an_overconfident_score_is_cooled(made):
    labels, score, _ = made
    for factor in (0.2, 5.0):
        choice = select_ordinal(answers_of({"cumulative": margins_of(score) * factor}), labels, np.ones(300))
        assert choice.temperature == pytest.approx(factor, rel=0.4)


def test_the_head_that_ships_says_what_was_judged():
    generator = np.random.default_rng(1)
    rows = unit_blocks(generator.standard_normal((50, 6)), SPANS)
    fitted = OrdinalFit(
        weight=generator.standard_normal(6) * 3,
        thresholds=np.array([-1.0, 0.7]),
        present=np.array([True, False, True, True]),
    )
    answers = replace(
        answers_of({"cumulative": fitted.margins(rows)}), present=np.broadcast_to(fitted.present, (50, 4))
    )
    choice = OrdinalSelection(name="cumulative", temperature=1.7)
    logits = choice.answer(answers)
    assert (logits[:, 1] == ABSENT).all()
    np.testing.assert_allclose(choice.head(fitted.weight, fitted, SPANS).logits(rows), logits, atol=1e-5)


def test_thresholds_that_float32_cannot_part_still_rise():
    fitted = OrdinalFit(
        weight=np.ones(6), thresholds=np.array([100.0, 100 + 1e-9, 100 + 2e-9]), present=np.ones(4, bool)
    )
    head = OrdinalSelection(name="cumulative", temperature=1.0).head(fitted.weight, fitted, SPANS)
    assert (np.diff(head.thresholds) > 0).all()
    assert np.isfinite(head.logits(np.ones((2, 6)))).all()


def test_a_temperature_divides_score_and_thresholds():
    margins = margins_of(np.array([0.3, -2.0]))
    np.testing.assert_allclose(log_odds(margins / 2, ALL), log_odds(margins_of(np.array([0.3, -2.0])) * 0.5, ALL))
