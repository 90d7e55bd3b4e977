"""Section on the accept policy: outcomes per hundred, risk curve and other error limits."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from discern.evaluating import Metrics, PolicyMetrics
from discern.reporting import PredictionTable
from discern.reporting.sections.accept_policy_section import describe_policy, outcomes_per_hundred
from tests.unit.reporting.factories import CURVE, policy_for, predictions_for


def predictions(*decisions: str) -> PredictionTable:
    size = len(decisions)
    zeros = np.zeros(size)
    rows = np.arange(size)
    return PredictionTable(
        rows=rows, truth=rows * 0, probabilities=np.ones((size, 1)), unknown_score=zeros, decision=decisions
    )


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_outcomes_per_hundred():
    some = predictions(*["accept"] * 6, *["review"] * 3, "unknown")
    counts = outcomes_per_hundred(PolicyMetrics(share=0.6, picture_error=0.05), some)
    assert counts == {"right": 57, "wrong": 3, "review": 30, "unknown": 10}


def test_decisions_are_counted_without_a_share():
    some = predictions("accept", "review", "review", "unknown")
    assert outcomes_per_hundred(PolicyMetrics(), some) == {"right": 25, "wrong": 0, "review": 50, "unknown": 25}


def test_a_policy_that_meets_its_limit(catalog):
    section = describe_policy(Metrics.from_json({"policy": policy_for()}), predictions_for(catalog))
    assert section.met
    assert section.sentence == "Of the accepted predictions, at most 5 % are wrong."
    assert "a confidence of 90.0 % or more" in plain(section.explanation[0])
    assert "140 independent groups" in section.explanation[0]
    assert "In at least 19 of 20" in section.explanation[1]
    assert section.needed == ""
    assert [outcome.kind for outcome in section.outcomes] == ["right", "wrong", "review", "unknown"]


def test_the_limit_and_its_origin_come_first(catalog):
    def limit_of(**changes):
        return describe_policy(Metrics.from_json({"policy": policy_for(**changes)}), predictions_for(catalog))

    assert plain(limit_of().limit) == "Error limit: 5 %, as stated."
    assert plain(limit_of(auto=True, asked=0.1).limit) == (
        "Error limit: 10 %, the strictest of 5, 10 and 20 % that holds."
    )
    assert plain(limit_of(auto=True, t_accept=None).limit) == "Error limit: none of 5, 10 and 20 % holds."
    assert "No prediction below 80 % is ever accepted" in plain(limit_of(floor=0.8).explanation[0])


def test_a_limit_that_would_hold_is_offered_with_its_command(catalog):
    offered = {"risk": 0.1, "share": 0.4, "sentence": "Of independent groups ...", "command": "discern train x"}
    policy = policy_for(t_accept=None, error=None, picture_error=None, share=0.0, needed=30, offered=offered)
    section = describe_policy(Metrics.from_json({"policy": policy}), predictions_for(catalog))
    assert plain(section.offered) == (
        "An error limit of 10 % would hold, with 40 % of the predictions accepted. Of independent groups ..."
    )
    assert section.command == "discern train x"


def test_other_limits_allow_no_larger_share_of_wrong_pictures(catalog):
    curve = CURVE | {"picture_error": [0.0, 0.0, 0.01, 0.3, 0.3], "t_accept": [0.99, 0.97, 0.9, 0.8, 0.6]}
    rows = describe_policy(
        Metrics.from_json({"policy": policy_for(curve=curve)}), predictions_for(catalog)
    ).alternatives
    assert [plain(row.share) for row in rows] == ["none", "none", "60 %", "about 60 %", "about 60 %"]


def test_an_estimate_is_called_an_estimate(catalog):
    section = describe_policy(Metrics.from_json({"policy": policy_for(basis="cross-fitted")}), predictions_for(catalog))
    assert section.explanation[1].startswith("This is an estimate")


@pytest.mark.parametrize(
    ("method", "head", "said"),
    [
        ("grouped-cv", {}, "each picture was predicted by a model trained the same way on the others"),
        ("test-part", {}, "the pictures of the test part were predicted by the model itself, the others by models"),
        ("test-part", {"method": {"pictures": {"calibrate": 7}}}, "itself, which was not trained on them; but 7 pict"),
    ],
)
def test_the_models_behind_an_estimate_are_named(catalog, method, head, said):
    value = {"policy": policy_for(basis="cross-fitted"), "accuracy": {"leak_free": {"method": method}}, "head": head}
    assert said in describe_policy(Metrics.from_json(value), predictions_for(catalog)).explanation[1]


def test_missing_pictures_are_stated(catalog):
    policy = policy_for(t_accept=None, error=None, picture_error=None, share=0.0, needed=1_200)
    section = describe_policy(Metrics.from_json({"policy": policy}), predictions_for(catalog))
    assert not section.met
    assert section.needed == "At least 1,200 more independent pictures"
    assert "for a person to confirm" in section.explanation[0]
    assert section.outcomes[0].count == 0
    assert [each.share for each in section.alternatives if each.chosen] == ["none"]
    assert not any(each.get("class") == "chosen" for each in ET.fromstring(str(section.curve)).iter())


def test_no_error_limit_and_an_older_run(catalog):
    section = describe_policy(Metrics.from_json({"policy": None}), predictions_for(catalog))
    assert section.curve is None
    assert section.alternatives == ()
    assert "No error limit was set" in section.explanation[0]
    assert describe_policy(Metrics.from_json({}), predictions_for(catalog)) is None


def test_no_predictions_have_no_section():
    assert describe_policy(Metrics.from_json({"policy": policy_for()}), predictions()) is None


def test_other_limits_are_read_from_the_curve(catalog):
    rows = describe_policy(Metrics.from_json({"policy": policy_for()}), predictions_for(catalog)).alternatives
    shares = {plain(row.max_error): plain(row.share) for row in rows}
    assert shares == {
        "1 %": "none",
        "2 %": "none",
        "5 %": "60 %",
        "10 %": "about 80 %",
        "20 %": "about 95 %",
    }
    assert [plain(row.error) for row in rows] == ["", "", "1.0 %", "3.0 %", "8.0 %"]
    assert [row.chosen for row in rows] == [False, False, True, False, False]


def test_an_unusual_limit_has_its_own_row(catalog):
    rows = describe_policy(
        Metrics.from_json({"policy": policy_for(asked=0.025)}), predictions_for(catalog)
    ).alternatives
    assert [plain(row.max_error) for row in rows] == ["1 %", "2 %", "2.5 %", "5 %", "10 %", "20 %"]


def test_a_curve_that_falls_below_the_limit_again_does_not_count(catalog):
    curve = CURVE | {"high": [0.2, 0.09, 0.12, 0.09, 0.09]}
    rows = describe_policy(
        Metrics.from_json({"policy": policy_for(curve=curve)}), predictions_for(catalog)
    ).alternatives
    assert next(plain(row.share) for row in rows if plain(row.max_error) == "10 %") == "about 40 %"


@pytest.mark.parametrize("curve", [None, {}, {name: [] for name in CURVE}])
def test_an_empty_curve_is_not_drawn(curve, catalog):
    assert (
        describe_policy(Metrics.from_json({"policy": policy_for(curve=curve)}), predictions_for(catalog)).curve is None
    )
