"""The section that compares an accept policy's promise with what is measured."""

import numpy as np
import pytest

from discern.evaluating import Interval
from discern.reporting import MeasuredPolicy, PredictionTable
from discern.reporting.sections.policy_check import check_policy, compare_with_limit

PROMISED = {"sentence": "At most 5 % have an error.", "risk": 0.05, "share": 0.6}


def predictions() -> PredictionTable:
    return PredictionTable(
        rows=np.arange(10),
        truth=np.zeros(10, np.int64),
        probabilities=np.tile([0.9, 0.1], (10, 1)),
        unknown_score=np.zeros(10),
        decision=["accept"] * 7 + ["review"] * 2 + ["unknown"],
    )


def measured(group_error: Interval) -> MeasuredPolicy:
    return MeasuredPolicy(
        share=Interval(value=0.7, low=0.6, high=0.8),
        error=Interval(value=0.1, low=0.05, high=0.2),
        group_error=group_error,
        negatives_accepted=Interval(value=0.02, low=0.0, high=0.1),
    )


@pytest.mark.parametrize(
    ("error", "words", "kept"),
    [
        (Interval(value=0.2, low=0.1, high=0.3), "does not hold", False),
        (Interval(value=0.06, low=0.02, high=0.1), "may be chance", True),
        (Interval(value=0.02, low=0.0, high=0.06), "too few to confirm", True),
        (Interval(value=0.01, low=0.0, high=0.04), "limit of 5\N{NO-BREAK SPACE}% holds", True),
        (Interval(value=0.5), "there are too few to compare", True),
    ],
)
def test_the_measured_error_is_compared_with_the_limit(error, words, kept):
    described = check_policy(PROMISED, measured(error), predictions())
    assert words in described.verdict
    assert described.kept == kept
    assert described.promise == PROMISED["sentence"]
    assert {outcome.kind: outcome.count for outcome in described.outcomes} == {
        "right": 63,
        "wrong": 7,
        "review": 20,
        "unknown": 10,
    }


def test_the_rows_have_promise_and_measurement():
    described = check_policy(PROMISED, measured(Interval(value=0.01, low=0.0, high=0.04)), predictions())
    rows = {row.name: row for row in described.rows}
    assert rows["Accepted without review"].meaning == "60\N{NO-BREAK SPACE}% in training"
    group = rows["Groups with an error, of those with an accepted picture"]
    assert group.meaning == "promised: at most 5\N{NO-BREAK SPACE}%"
    assert 'class="goal"' in group.track
    assert rows["Negatives accepted"].value.startswith("2.0")


def test_without_a_policy_or_pictures_there_is_no_section():
    nothing = Interval(note="no pictures")
    empty = MeasuredPolicy(share=nothing, error=nothing, group_error=nothing)
    assert check_policy(None, measured(nothing), predictions()) is None
    assert check_policy(PROMISED, None, predictions()) is None
    assert check_policy(PROMISED, empty, predictions()) is None


def test_a_policy_of_an_earlier_version_states_no_limit():
    described = check_policy(
        {"sentence": "At most 5 %."}, measured(Interval(value=0.2, low=0.1, high=0.3)), predictions()
    )
    assert (described.verdict, described.kept) == ("", True)
    assert compare_with_limit(Interval(value=0.2), None) == ""
