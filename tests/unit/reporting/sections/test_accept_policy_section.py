"""The promise: a hundred pictures, a curve, and what another promise would give."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from discern.evaluating import Metrics, PolicyMetrics
from discern.reporting import PredictionTable
from discern.reporting.sections.accept_policy_section import describe_policy, shares_of_hundred
from tests.unit.reporting.factories import CURVE, answers_for, policy_for


def answers(*decisions: str) -> PredictionTable:
    size = len(decisions)
    zeros = np.zeros(size)
    rows = np.arange(size)
    return PredictionTable(
        rows=rows, truth=rows * 0, probabilities=np.ones((size, 1)), unknown_score=zeros, decision=decisions
    )


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_hundred_pictures_are_dealt_out():
    some = answers(*["accept"] * 6, *["review"] * 3, "unknown")
    counts = shares_of_hundred(PolicyMetrics(share=0.6, picture_error=0.05), some)
    assert counts == {"right": 57, "wrong": 3, "review": 30, "unknown": 10}


def test_without_a_share_the_decisions_are_counted():
    some = answers("accept", "review", "review", "unknown")
    assert shares_of_hundred(PolicyMetrics(), some) == {"right": 25, "wrong": 0, "review": 50, "unknown": 25}


def test_a_kept_promise_is_told(catalog):
    told = describe_policy(Metrics.from_json({"policy": policy_for()}), answers_for(catalog))
    assert told.kept
    assert told.sentence == "Of the accepted answers, at most 5 % are wrong."
    assert "at least 90.0 % sure" in plain(told.meaning[0])
    assert "140 independent scenes" in told.meaning[0]
    assert "once at most" in told.meaning[1]
    assert told.needed == ""
    assert [outcome.kind for outcome in told.outcomes] == ["right", "wrong", "review", "unknown"]


def test_an_estimate_says_that_it_is_one(catalog):
    told = describe_policy(Metrics.from_json({"policy": policy_for(basis="cross-fitted")}), answers_for(catalog))
    assert told.meaning[1].startswith("That is an estimate")


def test_what_is_missing_is_said_first(catalog):
    policy = policy_for(t_accept=None, error=None, picture_error=None, share=0.0, needed=1_200)
    told = describe_policy(Metrics.from_json({"policy": policy}), answers_for(catalog))
    assert not told.kept
    assert told.needed == "At least 1,200 more independent pictures"
    assert "a person confirms it" in told.meaning[0]
    assert told.outcomes[0].count == 0
    assert [each.share for each in told.alternatives if each.ours] == ["nothing"]
    assert not any(each.get("class") == "chosen" for each in ET.fromstring(str(told.curve)).iter())


def test_a_promise_turned_off_and_an_older_run(catalog):
    told = describe_policy(Metrics.from_json({"policy": None}), answers_for(catalog))
    assert told.curve is None
    assert told.alternatives == ()
    assert "No promise was asked for" in told.meaning[0]
    assert describe_policy(Metrics.from_json({}), answers_for(catalog)) is None


def test_nothing_answered_is_not_drawn():
    assert describe_policy(Metrics.from_json({"policy": policy_for()}), answers()) is None


def test_other_promises_are_read_from_the_curve(catalog):
    rows = describe_policy(Metrics.from_json({"policy": policy_for()}), answers_for(catalog)).alternatives
    told = {plain(row.asked): plain(row.share) for row in rows}
    assert told == {
        "1 %": "nothing",
        "2 %": "nothing",
        "5 %": "60 %",
        "10 %": "about 80 %",
        "20 %": "about 95 %",
    }
    assert [plain(row.wrong) for row in rows] == ["", "", "1.0 %", "3.0 %", "8.0 %"]
    assert [row.ours for row in rows] == [False, False, True, False, False]


def test_a_promise_that_is_no_round_number_has_its_own_line(catalog):
    rows = describe_policy(Metrics.from_json({"policy": policy_for(asked=0.025)}), answers_for(catalog)).alternatives
    assert [plain(row.asked) for row in rows] == ["1 %", "2 %", "2.5 %", "5 %", "10 %", "20 %"]


def test_a_curve_that_falls_back_under_the_bound_does_not_count(catalog):
    curve = CURVE | {"high": [0.2, 0.09, 0.12, 0.09, 0.09]}
    rows = describe_policy(Metrics.from_json({"policy": policy_for(curve=curve)}), answers_for(catalog)).alternatives
    assert next(plain(row.share) for row in rows if plain(row.asked) == "10 %") == "about 40 %"


@pytest.mark.parametrize("curve", [None, {}, {name: [] for name in CURVE}])
def test_an_empty_curve_is_not_drawn(curve, catalog):
    assert describe_policy(Metrics.from_json({"policy": policy_for(curve=curve)}), answers_for(catalog)).curve is None
