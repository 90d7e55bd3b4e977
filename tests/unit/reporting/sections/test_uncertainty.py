"""Sections on prediction sets and unknown pictures."""

import pytest

from discern.evaluating import Metrics
from discern.reporting.sections.uncertainty import coverage_by_class, describe_sets, describe_unknown_detection
from tests.unit.reporting.factories import extras_for, interval_json

LABELS = ("ash", "birch", "cedar")


def sets(**changes):
    return describe_sets(Metrics.from_json({"conformal": extras_for(LABELS)["conformal"] | changes}))


def test_target_and_coverage_are_shown():
    described = sets()
    assert described.target.startswith("90")
    assert described.rows[0].value.startswith("93.0")
    assert (described.size, described.size_ends) == ("1.40", "1.20 to 1.60")
    assert 'class="goal"' in described.rows[0].track
    assert described.guaranteed


def test_the_class_with_the_lowest_coverage_is_first():
    assert [label for label, _ in sets().classes] == ["cedar", "birch", "ash"]


@pytest.mark.parametrize(
    ("coverage", "words"),
    [
        (interval_json(0.93, 0.91, 0.95), "The target is met."),
        (interval_json(0.88, 0.85, 0.92), "met within chance"),
        (interval_json(0.8, 0.75, 0.85), "do not rely"),
        (interval_json(0.8), "too few"),
    ],
)
def test_the_verdict_compares_coverage_and_target(coverage, words):
    assert words in sets(coverage=coverage).verdict


def test_no_sets_have_no_section():
    assert describe_sets(Metrics.from_json({})) is None
    assert describe_sets(Metrics.from_json({"conformal": None})) is None
    assert coverage_by_class(Metrics.from_json({"conformal": None})) == {}


def test_an_unevaluated_class_is_left_out():
    per_class = [{"label": "ash", "coverage": {"value": None}}, {"label": "birch", "coverage": interval_json(0.9)}]
    assert [label for label, _ in sets(per_class=per_class).classes] == ["birch"]


def test_the_use_of_negatives_is_stated():
    described = describe_unknown_detection(Metrics.from_json({"gate": extras_for(LABELS)["gate"]}))
    assert described.usage == (
        "200 pictures of none of the classes were given (negatives): "
        "100 to tune the threshold, the other 100 to evaluate it."
    )
    assert [row.name for row in described.rows] == [
        "Negatives called unknown",
        "Known pictures not called unknown",
        "Separation (AUROC)",
    ]


def test_no_negatives_have_no_section():
    assert describe_unknown_detection(Metrics.from_json({})) is None
    assert describe_unknown_detection(Metrics.from_json({"gate": None})) is None
    assert (
        describe_unknown_detection(Metrics.from_json({"gate": {"kept": {"value": None}, "rejected": {"value": None}}}))
        is None
    )


def test_cross_fitted_negatives_are_stated():
    gate = extras_for(LABELS)["gate"] | {"tuned": 200, "scored": 200, "accepted": interval_json(0.01, 0.0, 0.03)}
    described = describe_unknown_detection(Metrics.from_json({"gate": gate}))
    assert described.usage.endswith("each was evaluated with a threshold that was tuned without it.")
    assert [row.name for row in described.rows][1] == "Negatives accepted"
