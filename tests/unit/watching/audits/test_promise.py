"""A promise is called broken when it is, rarely when it holds, and after a long quiet time as well."""

from datetime import datetime

import numpy as np
import pytest

from discern.watching.audits.audits import Audits
from discern.watching.audits.promise import THRESHOLD, Policy, WeighedPromise, weigh_promise

POLICY = Policy(limit=0.05, sentence="at most 5 % are wrong")


def weigh(wrong: np.ndarray, *, weight: np.ndarray | None = None, accepted: np.ndarray | None = None) -> WeighedPromise:
    count = len(wrong)
    weights = np.ones(count) if weight is None else weight
    audits = Audits(
        id=np.array([f"e{place}" for place in range(count)], object),
        time=1.7e9 + np.arange(float(count)),
        confidence=np.full(count, 0.95),
        weight=weights,
        largest_weight=float(weights.max(initial=1.0)),
        is_accepted=np.ones(count, bool) if accepted is None else accepted,
        is_right=~wrong,
        is_new=np.zeros(count, bool),
        mean_confidence=0.95,
        exchanges=float(count),
    )
    return weigh_promise(audits, POLICY)


def random_errors(*rates: tuple[int, float], seed: int) -> np.ndarray:
    rate = np.concatenate([np.full(count, each) for count, each in rates])
    return np.random.default_rng(seed).random(len(rate)) < rate


def test_a_promise_without_audits_is_not_broken() -> None:
    found = weigh(np.zeros(0, bool))
    assert found.alarm is None
    assert not found.promise.broken
    assert found.promise.evidence["against"] == 1
    assert found.promise.evidence["error"] is None


def test_a_promise_at_its_limit_rarely_alarms() -> None:
    raised = [weigh(random_errors((1000, 0.05), seed=seed)).promise.broken for seed in range(100)]
    assert np.mean(raised) <= 0.05


def test_twice_the_promised_errors_are_raised_in_most_runs() -> None:
    raised = [weigh(random_errors((500, 0.1), seed=seed)).promise.broken for seed in range(40)]
    assert np.mean(raised) > 0.8


def test_a_change_after_a_long_quiet_time_is_raised_and_dated() -> None:
    found = weigh(random_errors((1000, 0.02), (500, 0.2), seed=1))
    assert found.alarm is not None
    assert found.alarm.kind == "promise"
    since = datetime.fromisoformat(found.alarm.since).timestamp() - 1.7e9
    assert 950 < since < 1100
    assert not weigh(random_errors((1000, 0.02), seed=1)).promise.broken


def test_an_alarm_stays_raised_when_the_errors_stop() -> None:
    wrong = np.concatenate([np.ones(20, bool), np.zeros(3000, bool)])
    found = weigh(wrong)
    assert found.promise.broken
    assert found.promise.evidence["against"] > THRESHOLD


def test_the_alarm_says_what_was_promised_and_found_and_shows_wrong_ones() -> None:
    wrong = np.arange(60) % 3 == 0
    found = weigh(wrong)
    assert found.alarm is not None
    assert "at most 5 % of the accepted predictions" in found.alarm.message
    assert "20 of 60" in found.alarm.message
    assert found.alarm.examples[0] == "e57"
    assert len(found.alarm.examples) == 8
    assert found.promise.to_json()["evidence"]["sentence"] == POLICY.sentence


def test_only_accepted_predictions_count() -> None:
    wrong, accepted = np.ones(50, bool), np.zeros(50, bool)
    found = weigh(wrong, accepted=accepted)
    assert not found.promise.broken
    assert found.promise.evidence["audited"] == 0


def test_errors_among_often_drawn_predictions_count_less() -> None:
    wrong = np.arange(400) % 10 == 0
    even = weigh(wrong).promise.evidence
    rare = weigh(wrong, weight=np.where(wrong, 0.2, 1.0)).promise.evidence
    assert even["against"] > rare["against"]
    assert even["error"] == pytest.approx(0.1)
    assert rare["error"] == pytest.approx(0.0217, abs=1e-3)


def test_a_policy_is_read_from_a_manifest() -> None:
    assert Policy.from_manifest({"risk": 0.05, "sentence": "at most"}) == Policy(limit=0.05, sentence="at most")
    for policy in (None, {}, {"risk": None, "sentence": "Nothing is accepted."}, {"risk": 0}, {"risk": "5"}):
        assert Policy.from_manifest(policy) is None
