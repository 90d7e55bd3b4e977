"""Answers on a scale."""

import numpy as np

from discern.evaluating import Metrics
from discern.reporting import PredictionTable
from discern.reporting.sections.ordinal_results import describe_order
from tests.unit.reporting.factories import between, extras_for

LABELS = ("a", "b", "c", "d")


def answers(*pairs: tuple[int, int]) -> PredictionTable:
    truth, called = (np.array(each) for each in zip(*pairs, strict=True))
    sure = np.full((len(pairs), len(LABELS)), 0.05)
    sure[np.arange(len(pairs)), called] = 0.85
    zeros = np.zeros(len(pairs))
    return PredictionTable(
        rows=np.arange(len(pairs)),
        truth=truth,
        probabilities=sure,
        unknown_score=zeros,
        decision=["review"] * len(pairs),
    )


def facts(**changes) -> Metrics:
    return Metrics.from_json({"ordered": extras_for(LABELS)["ordered"] | changes})


def shares(described) -> dict[str, str]:
    return {row.name: row.share.replace("\N{NO-BREAK SPACE}", " ") for row in described.distances}


def test_ours_stands_beside_the_constant_answer():
    described = describe_order(facts(), answers((0, 0)), LABELS)
    assert [(line.value, line.ours) for line in described.rivals] == [("0.30", True), ("0.80", False)]
    assert described.rivals[0].ends == "0.20 to 0.40"
    assert described.constant == "b"
    assert [name for name, *_ in described.figures] == [
        "At most one step off",
        "Root of the mean squared steps",
        "Agreement beyond chance",
    ]


def test_answers_are_counted_by_signed_steps():
    described = describe_order(facts(), answers((0, 0), (1, 2), (2, 0), (3, 3)), LABELS)
    assert shares(described) == {
        "2 steps or more too low": "25.0 %",
        "1 step too low": "0.0 %",
        "exactly right": "50.0 %",
        "1 step too high": "25.0 %",
        "2 steps or more too high": "0.0 %",
    }


def test_the_constant_is_counted_too():
    described = describe_order(facts(), answers((0, 0), (3, 3)), LABELS)
    constant = {row.name: row.constant.replace("\N{NO-BREAK SPACE}", " ") for row in described.distances}
    assert constant["1 step or more too high"] == "50.0 %"
    assert constant["1 step or more too low"] == "50.0 %"


def test_the_order_is_not_that_of_the_catalog():
    turned = facts(labels=["d", "c", "b", "a"])
    described = describe_order(turned, answers((0, 1)), LABELS)
    assert shares(described)["1 step or more too low"] == "100 %"
    assert described.labels == ("d", "c", "b", "a")


def test_other_labels_than_the_catalog_s_have_no_histogram():
    assert describe_order(facts(labels=["x", "y"]), answers((0, 0)), LABELS).distances == ()


def test_no_order_is_nothing():
    assert describe_order(Metrics.from_json({}), answers((0, 0)), LABELS) is None
    assert describe_order(Metrics.from_json({"ordered": None}), answers((0, 0)), LABELS) is None


def test_a_gain_is_called_one_only_where_it_is():
    def gain(figure: dict) -> str:
        return describe_order(facts(gain=figure), answers((0, 0)), LABELS).gain

    assert gain(between(0.5, 0.3, 0.7)) == "It is nearer to the truth by 0.50 on average (95 % interval 0.30 to 0.70)."
    assert "may be chance" in gain(between(0.1, -0.1, 0.3))
    assert "too few groups" in gain(between(0.1))
    assert gain({"value": None}) == ""
