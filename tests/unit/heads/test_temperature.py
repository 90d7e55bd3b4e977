"""Temperature scaling: calibrates confidence and stays bounded."""

import numpy as np
import pytest

from discern.heads.ordinal import centred_log_probabilities
from discern.heads.temperature import fit_margin_temperature, fit_temperature, log_loss


def overconfident(count: int = 400, factor: float = 8.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are calibrated when divided by `factor`."""
    generator = np.random.default_rng(0)
    logits = generator.standard_normal((count, 3)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([generator.choice(3, p=row) for row in shares])
    return (logits - logits.mean(axis=1, keepdims=True)) * factor, labels


def all_present(logits: np.ndarray) -> np.ndarray:
    return np.ones(logits.shape, bool)


@pytest.mark.parametrize("factor", [0.01, 1.0, 8.0, 300.0])
def test_the_temperature_is_recovered_and_improves_the_log_loss(factor):
    logits, labels = overconfident(factor=factor)
    weights = np.ones(len(labels))
    found = fit_temperature(logits, labels, weights, all_present(logits))
    assert found == pytest.approx(factor, rel=0.2)
    before = log_loss(logits, labels, weights, all_present(logits))
    assert log_loss(logits / found, labels, weights, all_present(logits)) <= before


def test_predictions_without_an_error_do_not_become_certain():
    logits = np.array([[1.0, -1.0], [-1.0, 1.0], [2.0, -2.0]])
    labels, weights = np.array([0, 1, 0]), np.ones(3)
    found = fit_temperature(logits, labels, weights, all_present(logits))
    confidence = 1 / (1 + np.exp(-4 / found))
    assert 0.6 < confidence < 0.999


def test_random_predictions_lose_their_confidence():
    generator = np.random.default_rng(0)
    logits = generator.standard_normal((300, 2)) * 50
    logits -= logits.mean(axis=1, keepdims=True)
    found = fit_temperature(logits, generator.integers(0, 2, 300), np.ones(300), all_present(logits))
    assert np.abs(logits / found).mean() < 0.5


def test_weights_equal_repetition():
    logits, labels = overconfident(60)
    once = fit_temperature(logits, labels, np.ones(60), all_present(logits))
    twice = np.concatenate([logits, logits]), np.concatenate([labels, labels])
    assert fit_temperature(*twice, np.full(120, 0.5), all_present(twice[0])) == pytest.approx(once, rel=0.02)


def test_pictures_of_absent_classes_are_ignored():
    logits, labels = overconfident(100)
    present = all_present(logits)
    present[:50, 2] = False
    usable = present[np.arange(100), labels]
    found = fit_temperature(np.where(present, logits, 0), labels, np.ones(100), present)
    fewer = fit_temperature(
        np.where(present, logits, 0)[usable], labels[usable], np.ones(usable.sum()), present[usable]
    )
    assert found == pytest.approx(fewer)


def test_without_usable_pictures_the_temperature_is_one():
    logits = np.zeros((2, 3))
    assert fit_temperature(logits, np.array([0, 1]), np.ones(2), np.zeros((2, 3), bool)) == 1
    assert fit_temperature(logits, np.array([0, 1]), np.ones(2), all_present(logits)) == 1
    assert fit_temperature(np.ones((2, 1)), np.zeros(2, int), np.ones(2), np.ones((2, 1), bool)) == 1
    assert log_loss(logits, np.array([0, 1]), np.ones(2), np.zeros((2, 3), bool)) == pytest.approx(np.log(3))


def ordered(count: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated margins `[n, 4]` of three labels, and labels drawn from them."""
    generator = np.random.default_rng(0)
    score = generator.standard_normal(count) * 2
    thresholds = np.array([-np.inf, -1.0, 1.0, np.inf])
    labels = np.searchsorted(thresholds[1:-1], score + generator.logistic(size=count))
    return thresholds - score[:, None], labels


@pytest.mark.parametrize("factor", [0.01, 1.0, 8.0, 300.0])
def test_the_temperature_of_an_ordinal_head_is_recovered(factor):
    margins, labels = ordered()
    weights, present = np.ones(len(labels)), np.ones((len(labels), 3), bool)
    found = fit_margin_temperature(margins * factor, labels, weights, present)
    assert found == pytest.approx(factor, rel=0.2)
    before = log_loss(centred_log_probabilities(margins * factor, present), labels, weights, present)
    assert (
        log_loss(centred_log_probabilities(margins * factor / found, present), labels, weights, present)
        <= before + 1e-9
    )


def test_an_ordinal_head_without_an_error_does_not_become_certain():
    margins, _ = ordered(60)
    labels = np.diff(margins > 0, axis=1).argmax(axis=1)
    found = fit_margin_temperature(margins, labels, np.ones(60), np.ones((60, 3), bool))
    confidence = np.exp(centred_log_probabilities(margins / found, np.ones(3, bool)))
    confidence = confidence / confidence.sum(axis=1, keepdims=True)
    # The median picture: the tails of the logistic make the outermost ones as confident as they are.
    assert 0.9 < np.median(confidence[np.arange(60), labels]) < 0.99999


def test_pictures_of_absent_labels_do_not_change_an_ordinal_temperature():
    margins, labels = ordered()
    weights, present = np.ones(len(labels)), np.ones((len(labels), 3), bool)
    expected = fit_margin_temperature(margins, labels, weights, present)
    absent_for_own = present.copy()
    absent_for_own[:, 2] = labels != 2
    margins_without = np.where(absent_for_own[:, [0, 1, 2, 2]], margins, np.inf)
    assert 0.3 * expected < fit_margin_temperature(margins_without, labels, weights, absent_for_own) < 3 * expected


def test_an_ordinal_head_without_usable_pictures_has_temperature_one():
    margins, labels = ordered(5)
    assert fit_margin_temperature(margins, labels, np.ones(5), np.zeros((5, 3), bool)) == 1.0
