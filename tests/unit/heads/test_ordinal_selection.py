"""Ordinal selection: the head with the smallest error of the median label ships."""

from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.heads import ABSENT, unit_blocks
from discern.heads.model_selection import HeldOutLogits, Selection
from discern.heads.ordinal import OrdinalFit, centred_log_probabilities
from discern.heads.ordinal_selection import OrdinalSelection, select_ordinal

SPANS = ((0, 4), (4, 6))
ALL = np.ones(3, bool)


def outputs_of(margins: dict[str, np.ndarray], **logits: np.ndarray) -> HeldOutLogits:
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
    """Labels, a score that follows them, and less accurate multinomial logits."""
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 3
    score = (labels - 1) * 3 + generator.logistic(size=300)
    logits = np.eye(3)[labels] + generator.standard_normal((300, 3))
    return labels, score, logits - logits.mean(axis=1, keepdims=True)


def test_the_head_with_the_smallest_error_is_selected(made):
    labels, score, logits = made
    selection = select_ordinal(outputs_of({"cumulative": margins_of(score)}, discriminant=logits), labels, np.ones(300))
    assert isinstance(selection, OrdinalSelection)
    assert set(selection.maes) == set(selection.log_losses) == {"cumulative", "discriminant"}
    assert selection.maes["cumulative"] < selection.maes["discriminant"]


def test_multinomial_heads_may_be_selected(made):
    labels, score, logits = made
    noise = np.random.default_rng(1).permutation(score)
    selection = select_ordinal(outputs_of({"cumulative": margins_of(noise)}, discriminant=logits), labels, np.ones(300))
    assert isinstance(selection, Selection)
    assert selection.name == "discriminant"
    assert selection.maes["discriminant"] == min(selection.maes.values())


def test_the_log_loss_breaks_ties(made):
    labels, score, _ = made
    # The same medians, but one confidence in ten is wrong, which no temperature corrects.
    blurred = score.copy()
    wrong = np.abs(blurred) > np.quantile(np.abs(blurred), 0.9)
    blurred[wrong] *= 40
    margins = {"cumulative": margins_of(blurred), "cumulative-soft": margins_of(score)}
    selection = select_ordinal(outputs_of(margins), labels, np.ones(300))
    assert selection.maes["cumulative"] == pytest.approx(selection.maes["cumulative-soft"])
    assert selection.name == "cumulative-soft"


def test_sample_weights_are_used(made):
    labels, score, logits = made
    half = np.arange(300) < 150
    accurate = np.where(half[:, None], np.eye(3)[labels] * 6, logits)
    mixed = np.where(half, -score, score)
    outputs = outputs_of({"cumulative": margins_of(mixed)}, discriminant=accurate)
    assert select_ordinal(outputs, labels, np.where(half, 1.0, 1e-3)).name == "discriminant"
    assert select_ordinal(outputs, labels, np.where(half, 1e-3, 1.0)).name == "cumulative"


def test_an_overconfident_score_is_calibrated(made):
    labels, score, _ = made
    for factor in (0.2, 5.0):
        selection = select_ordinal(outputs_of({"cumulative": margins_of(score) * factor}), labels, np.ones(300))
        assert selection.temperature == pytest.approx(factor, rel=0.4)


def test_the_head_that_ships_gives_the_same_logits():
    generator = np.random.default_rng(1)
    rows = unit_blocks(generator.standard_normal((50, 6)), SPANS)
    fitted = OrdinalFit(
        weight=generator.standard_normal(6) * 3,
        thresholds=np.array([-1.0, 0.7]),
        present=np.array([True, False, True, True]),
    )
    outputs = replace(
        outputs_of({"cumulative": fitted.margins(rows)}), present=np.broadcast_to(fitted.present, (50, 4))
    )
    selection = OrdinalSelection(name="cumulative", temperature=1.7)
    logits = selection.calibrated(outputs)
    assert (logits[:, 1] == ABSENT).all()
    np.testing.assert_allclose(selection.build_head(fitted.weight, fitted, SPANS).logits(rows), logits, atol=1e-5)


def test_thresholds_that_are_equal_in_float32_stay_ascending():
    fitted = OrdinalFit(
        weight=np.ones(6), thresholds=np.array([100.0, 100 + 1e-9, 100 + 2e-9]), present=np.ones(4, bool)
    )
    head = OrdinalSelection(name="cumulative", temperature=1.0).build_head(fitted.weight, fitted, SPANS)
    assert (np.diff(head.thresholds) > 0).all()
    assert np.isfinite(head.logits(np.ones((2, 6)))).all()


def test_a_temperature_divides_score_and_thresholds():
    margins = margins_of(np.array([0.3, -2.0]))
    np.testing.assert_allclose(
        centred_log_probabilities(margins / 2, ALL),
        centred_log_probabilities(margins_of(np.array([0.3, -2.0])) * 0.5, ALL),
    )
