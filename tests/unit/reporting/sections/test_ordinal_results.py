"""Section on ordered classes."""

import numpy as np

from discern.evaluating import Metrics
from discern.reporting import PredictionTable
from discern.reporting.sections.ordinal_results import describe_ordinal_results
from tests.unit.reporting.factories import extras_for, interval_json

LABELS = ("a", "b", "c", "d")


def predictions(*pairs: tuple[int, int]) -> PredictionTable:
    truth, predicted = (np.array(each) for each in zip(*pairs, strict=True))
    probabilities = np.full((len(pairs), len(LABELS)), 0.05)
    probabilities[np.arange(len(pairs)), predicted] = 0.85
    zeros = np.zeros(len(pairs))
    return PredictionTable(
        rows=np.arange(len(pairs)),
        truth=truth,
        probabilities=probabilities,
        unknown_score=zeros,
        decision=["review"] * len(pairs),
    )


def metrics(**changes) -> Metrics:
    return Metrics.from_json({"ordered": extras_for(LABELS)["ordered"] | changes})


def shares(described) -> dict[str, str]:
    return {row.name: row.share.replace("\N{NO-BREAK SPACE}", " ") for row in described.distances}


def test_the_classifier_is_compared_with_the_constant_prediction():
    described = describe_ordinal_results(metrics(), predictions((0, 0)), LABELS)
    assert [(line.value, line.classifier) for line in described.mean_distances] == [("0.30", True), ("0.80", False)]
    assert described.mean_distances[0].ends == "0.20 to 0.40"
    assert described.constant == "b"
    assert [name for name, *_ in described.metrics] == [
        "At most one step off",
        "Root mean squared error",
        "Agreement beyond chance",
    ]


def test_predictions_are_counted_by_signed_distance():
    described = describe_ordinal_results(metrics(), predictions((0, 0), (1, 2), (2, 0), (3, 3)), LABELS)
    assert shares(described) == {
        "2 steps or more too low": "25.0 %",
        "1 step too low": "0.0 %",
        "correct": "50.0 %",
        "1 step too high": "25.0 %",
        "2 steps or more too high": "0.0 %",
    }


def test_the_constant_prediction_is_counted_by_distance():
    described = describe_ordinal_results(metrics(), predictions((0, 0), (3, 3)), LABELS)
    constant = {row.name: row.constant.replace("\N{NO-BREAK SPACE}", " ") for row in described.distances}
    assert constant["1 step or more too high"] == "50.0 %"
    assert constant["1 step or more too low"] == "50.0 %"


def test_the_order_may_differ_from_the_catalog():
    reverse = metrics(labels=["d", "c", "b", "a"])
    described = describe_ordinal_results(reverse, predictions((0, 1)), LABELS)
    assert shares(described)["1 step or more too low"] == "100 %"
    assert described.labels == ("d", "c", "b", "a")


def test_labels_missing_from_the_catalog_have_no_distances():
    assert describe_ordinal_results(metrics(labels=["x", "y"]), predictions((0, 0)), LABELS).distances == ()


def test_no_order_has_no_section():
    assert describe_ordinal_results(Metrics.from_json({}), predictions((0, 0)), LABELS) is None
    assert describe_ordinal_results(Metrics.from_json({"ordered": None}), predictions((0, 0)), LABELS) is None


def test_a_gain_is_stated_only_if_significant():
    def gain(interval: dict) -> str:
        return describe_ordinal_results(metrics(gain=interval), predictions((0, 0)), LABELS).gain

    assert (
        gain(interval_json(0.5, 0.3, 0.7))
        == "It is closer to the truth by 0.50 steps on average (95 % interval 0.30 to 0.70)."
    )
    assert "may be chance" in gain(interval_json(0.1, -0.1, 0.3))
    assert "too few groups" in gain(interval_json(0.1))
    assert gain({"value": None}) == ""
