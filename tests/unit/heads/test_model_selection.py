"""Model selection: the best candidate on held-out pictures ships as one affine map."""

from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.heads import ABSENT, unit_blocks
from discern.heads.lda import LinearFit
from discern.heads.model_selection import HeldOutLogits, calibrate, calibrate_each, select


def outputs_of(**logits: np.ndarray) -> HeldOutLogits:
    count, classes = next(iter(logits.values())).shape
    return HeldOutLogits(
        positions=np.arange(count),
        logits=logits,
        present=np.ones((count, classes), bool),
        measures=np.zeros((count, 4), np.float32),
    )


@pytest.fixture
def made():
    """Logits of a good head, a poor one, and one whose errors are independent of theirs."""
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 3
    truth = np.eye(3)[labels] - 1 / 3
    noise = [generator.standard_normal((300, 3)) for _ in range(3)]
    noise = [each - each.mean(axis=1, keepdims=True) for each in noise]
    return labels, truth * 4 + noise[0], (truth + noise[1]) * 9, truth * 30 + noise[2] * 8


def test_the_best_head_is_selected(made):
    labels, good, poor, _ = made
    selection = select(outputs_of(discriminant=poor, **{"discriminant-soft": good}), labels, np.ones(300))
    assert selection.name == "discriminant-soft"
    assert set(selection.log_losses) == {"discriminant", "discriminant-soft"}
    assert selection.log_losses["discriminant-soft"] < selection.log_losses["discriminant"]


def test_heads_with_independent_errors_are_averaged_at_any_scale(made):
    labels, good, _, other = made
    selection = select(outputs_of(discriminant=other, logistic=good), labels, np.ones(300))
    assert selection.name == "discriminant+logistic"
    assert selection.temperatures["discriminant"] > 3 * selection.temperatures["logistic"]
    assert selection.log_losses[selection.name] == min(selection.log_losses.values())


def test_candidates_are_calibrated_before_the_comparison(made):
    labels, good, poor, _ = made
    outputs = outputs_of(discriminant=poor, logistic=good)
    selections = calibrate_each(outputs, labels, np.ones(300))
    assert [selection.name for selection in selections] == ["discriminant", "logistic", "discriminant+logistic"]
    for selection in selections:
        np.testing.assert_array_equal(selection.calibrated(outputs), selection.logits(outputs.logits, outputs.present))
    assert not select(outputs, labels, np.ones(300)).maes


def test_two_lda_heads_are_not_averaged(made):
    labels, good, _, other = made
    selection = select(outputs_of(discriminant=other, **{"discriminant-soft": good}), labels, np.ones(300))
    assert not any("+" in name for name in selection.log_losses)


def test_the_head_that_ships_gives_the_same_logits(made):
    labels = made[0]
    generator = np.random.default_rng(1)
    spans = ((0, 4), (4, 6))
    rows = unit_blocks(generator.standard_normal((300, 6)), spans)
    present = np.array([True, True, True])
    wide = LinearFit.centred(generator.standard_normal((6, 3)), generator.standard_normal(3), present)
    narrow = LinearFit.centred(generator.standard_normal((4, 3)), generator.standard_normal(3), present)
    logits = {"discriminant": wide.logits(rows), "logistic-head": narrow.logits(rows[:, :4])}
    selection = calibrate(outputs_of(**logits), labels, np.ones(300), {"discriminant": 2.0, "logistic-head": 0.5})
    head = selection.build_head(
        {"discriminant": wide.weight, "logistic-head": narrow.weight},
        {"discriminant": wide, "logistic-head": narrow},
        spans,
    )
    np.testing.assert_allclose(head.logits(rows), selection.logits(logits, present), atol=1e-4)


def test_absent_classes_are_improbable(made):
    labels, good, _, _ = made
    present = np.array([True, False, True])
    selection = select(outputs_of(discriminant=good), labels, np.ones(300))
    logits = selection.logits({"discriminant": good}, present)
    assert (logits[:, 1] == ABSENT).all()
    linear = LinearFit.centred(np.ones((2, 2)), np.ones(2), present)
    head = selection.build_head({"discriminant": linear.weight}, {"discriminant": linear}, ((0, 2),))
    assert (head.probabilities(np.ones((4, 2)))[:, 1] < 1e-6).all()


def test_outputs_are_joined_and_selected_by_fold(made):
    labels, good, poor, _ = made
    first, second = outputs_of(discriminant=good, logistic=poor), outputs_of(discriminant=poor)
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
