"""A temperature makes sure answers as sure as they deserve, and never runs away."""

import numpy as np
import pytest

from discern.heads.ordinal import log_odds
from discern.heads.temperature import fit_margin_temperature, fit_temperature, log_loss


def overconfident(count: int = 400, factor: float = 8.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is right once they are divided by `factor`."""
    generator = np.random.default_rng(0)
    logits = generator.standard_normal((count, 3)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([generator.choice(3, p=row) for row in shares])
    return (logits - logits.mean(axis=1, keepdims=True)) * factor, labels


def everything(logits: np.ndarray) -> np.ndarray:
    return np.ones(logits.shape, bool)


@pytest.mark.parametrize("factor", [0.01, 1.0, 8.0, 300.0])
def test_the_right_temperature_is_found_and_improves_the_log_loss(factor):
    logits, labels = overconfident(factor=factor)
    weights = np.ones(len(labels))
    found = fit_temperature(logits, labels, weights, everything(logits))
    assert found == pytest.approx(factor, rel=0.2)
    before = log_loss(logits, labels, weights, everything(logits))
    assert log_loss(logits / found, labels, weights, everything(logits)) <= before


def test_answers_without_a_mistake_do_not_become_certain():
    logits = np.array([[1.0, -1.0], [-1.0, 1.0], [2.0, -2.0]])
    labels, weights = np.array([0, 1, 0]), np.ones(3)
    found = fit_temperature(logits, labels, weights, everything(logits))
    surest = 1 / (1 + np.exp(-4 / found))
    assert 0.6 < surest < 0.999


def test_answers_that_know_nothing_become_unsure():
    generator = np.random.default_rng(0)
    logits = generator.standard_normal((300, 2)) * 50
    logits -= logits.mean(axis=1, keepdims=True)
    found = fit_temperature(logits, generator.integers(0, 2, 300), np.ones(300), everything(logits))
    assert np.abs(logits / found).mean() < 0.5


def test_weights_equal_repetition():
    logits, labels = overconfident(60)
    once = fit_temperature(logits, labels, np.ones(60), everything(logits))
    twice = np.concatenate([logits, logits]), np.concatenate([labels, labels])
    assert fit_temperature(*twice, np.full(120, 0.5), everything(twice[0])) == pytest.approx(once, rel=0.02)


def test_pictures_of_classes_that_were_not_learned_are_passed_over():
    logits, labels = overconfident(100)
    present = everything(logits)
    present[:50, 2] = False
    usable = present[np.arange(100), labels]
    found = fit_temperature(np.where(present, logits, 0), labels, np.ones(100), present)
    fewer = fit_temperature(
        np.where(present, logits, 0)[usable], labels[usable], np.ones(usable.sum()), present[usable]
    )
    assert found == pytest.approx(fewer)


def test_nothing_to_learn_from_leaves_logits_as_they_are():
    logits = np.zeros((2, 3))
    assert fit_temperature(logits, np.array([0, 1]), np.ones(2), np.zeros((2, 3), bool)) == 1
    assert fit_temperature(logits, np.array([0, 1]), np.ones(2), everything(logits)) == 1
    assert fit_temperature(np.ones((2, 1)), np.zeros(2, int), np.ones(2), np.ones((2, 1), bool)) == 1
    assert log_loss(logits, np.array([0, 1]), np.ones(2), np.zeros((2, 3), bool)) == pytest.approx(np.log(3))


def ordered(count: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Margins `[n, 4]` of three labels whose odds are right, and labels drawn from them."""
    generator = np.random.default_rng(0)
    score = generator.standard_normal(count) * 2
    thresholds = np.array([-np.inf, -1.0, 1.0, np.inf])
    labels = np.searchsorted(thresholds[1:-1], score + generator.logistic(size=count))
    return thresholds - score[:, None], labels


@pytest.mark.parametrize("factor", [0.01, 1.0, 8.0, 300.0])
def test_a_cumulative_head_is_brought_to_its_right_scale(factor):
    margins, labels = ordered()
    weights, present = np.ones(len(labels)), np.ones((len(labels), 3), bool)
    found = fit_margin_temperature(margins * factor, labels, weights, present)
    assert found == pytest.approx(factor, rel=0.2)
    before = log_loss(log_odds(margins * factor, present), labels, weights, present)
    assert log_loss(log_odds(margins * factor / found, present), labels, weights, present) <= before + 1e-9


def test_a_cumulative_head_without_a_mistake_does_not_become_certain():
    margins, _ = ordered(60)
    labels = np.diff(margins > 0, axis=1).argmax(axis=1)
    found = fit_margin_temperature(margins, labels, np.ones(60), np.ones((60, 3), bool))
    surest = np.exp(log_odds(margins / found, np.ones(3, bool)))
    surest = surest / surest.sum(axis=1, keepdims=True)
    # The usual picture: those farthest out are as sure as the logistic's tails make them.
    assert 0.9 < np.median(surest[np.arange(60), labels]) < 0.99999


def test_pictures_whose_label_was_not_learned_do_not_cool_a_cumulative_head():
    margins, labels = ordered()
    weights, present = np.ones(len(labels)), np.ones((len(labels), 3), bool)
    usual = fit_margin_temperature(margins, labels, weights, present)
    strange = present.copy()
    strange[:, 2] = labels != 2
    told = np.where(strange[:, [0, 1, 2, 2]], margins, np.inf)
    assert 0.3 * usual < fit_margin_temperature(told, labels, weights, strange) < 3 * usual


def test_a_cumulative_head_that_answered_nothing_keeps_its_scale():
    margins, labels = ordered(5)
    assert fit_margin_temperature(margins, labels, np.ones(5), np.zeros((5, 3), bool)) == 1.0
