"""The interval of the live accuracy holds at all looks together, and narrows with the labels."""

from typing import Any

import numpy as np
import pytest

from discern.watching.audits.audit_sample import AuditConfig, audit_probability
from discern.watching.audits.audits import Audits
from discern.watching.audits.live_accuracy import FEWEST, estimate_accuracy
from discern.watching.looks.look import LiveAccuracy


def make_audits(right: np.ndarray, confidence: np.ndarray, weight: np.ndarray, **changed: Any) -> Audits:
    count = len(right)
    values = {"mean_confidence": float(np.average(confidence, weights=weight)), "exchanges": float(weight.sum())}
    return Audits(
        id=np.arange(count).astype(object),
        time=np.arange(float(count)),
        confidence=confidence,
        weight=weight,
        largest_weight=float(weight.max()),
        is_accepted=np.ones(count, bool),
        is_right=right,
        is_new=np.zeros(count, bool),
        **values | changed,
    )


def estimate(right: np.ndarray, confidence: np.ndarray, weight: np.ndarray, **changed: Any) -> LiveAccuracy:
    found = estimate_accuracy(make_audits(right, confidence, weight, **changed))
    assert found is not None
    return found


def test_few_audits_state_nothing() -> None:
    few = np.ones(FEWEST - 1)
    assert estimate_accuracy(make_audits(few == 1, few, few)) is None


def test_an_even_sample_without_confidences_gives_the_share_of_right_ones() -> None:
    right = np.arange(200) % 10 != 0
    found = estimate(right, np.zeros(200), np.full(200, 20.0), mean_confidence=0.0)
    assert found.value == pytest.approx(0.9)
    assert 0.74 < found.low < 0.9 < found.high < 0.98
    assert found.audited == 200


def test_all_right_leaves_room_for_errors_that_few_audits_cannot_show() -> None:
    spans = [estimate(np.ones(n, bool), np.full(n, 0.99), np.ones(n)) for n in (20, 100, 1000)]
    assert [each.high for each in spans] == [1, 1, 1]
    assert spans[0].low < 0.8 < spans[1].low < 0.97 < spans[2].low


def test_a_confidence_that_tells_right_from_wrong_narrows_the_interval() -> None:
    right = np.random.default_rng(0).random(300) < 0.8
    blind = estimate(right, np.full(300, 0.8), np.ones(300))
    sharp = estimate(right, np.where(right, 0.98, 0.1), np.ones(300))
    assert sharp.high - sharp.low < 0.7 * (blind.high - blind.low)


def test_weights_correct_for_the_unequal_draw() -> None:
    weight = np.where(np.arange(400) < 200, 1.0, 9.0)
    right = np.where(np.arange(400) < 200, np.arange(400) % 2 == 0, True)
    found = estimate(right, np.full(400, 0.5), weight)
    assert found.value == pytest.approx(0.95, abs=0.001)


def test_the_interval_holds_the_estimate_and_stays_in_range() -> None:
    for right in (np.zeros(50, bool), np.ones(50, bool)):
        found = estimate(right, np.full(50, 0.5), np.ones(50))
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_most_intervals_hold_the_accuracy_of_all_exchanges_at_every_look() -> None:
    held = [is_held_throughout(np.random.default_rng(seed)) for seed in range(60)]
    assert np.mean(held) > 0.93


def is_held_throughout(rng: np.random.Generator) -> bool:
    """Simulate overconfident predictions, of which the real accuracy is 85 % at a mean confidence of 91 %."""
    confidence = rng.beta(5, 0.5, 8000)
    right = rng.random(8000) < 0.93 * confidence
    probability = audit_probability(confidence, AuditConfig.for_confidences(confidence))
    drawn = np.flatnonzero(rng.random(8000) < probability)
    for count in range(10, len(drawn), 20):
        rows, end = drawn[:count], int(drawn[count - 1]) + 1
        mean = float(confidence[:end].mean())
        found = estimate(right[rows], confidence[rows], 1 / probability[rows], mean_confidence=mean)
        if not found.low <= right[:end].mean() <= found.high:
            return False
    return True
