"""Sets of labels, and pictures of none of the classes."""

import pytest

from discern.evaluating import Metrics
from discern.reporting.sections.uncertainty import coverage_by_class, describe_sets, describe_unknown_detection
from tests.unit.reporting.factories import between, extras_for

LABELS = ("ash", "birch", "cedar")


def sets(**changes):
    return describe_sets(Metrics.from_json({"conformal": extras_for(LABELS)["conformal"] | changes}))


def test_asked_and_measured_stand_beside_each_other():
    described = sets()
    assert described.asked.startswith("90")
    assert described.rows[0].value.startswith("93.0")
    assert (described.size, described.size_ends) == ("1.40", "1.20 to 1.60")
    assert 'class="goal"' in described.rows[0].track
    assert described.guaranteed


def test_the_least_covered_class_is_first():
    assert [label for label, _ in sets().classes] == ["cedar", "birch", "ash"]


@pytest.mark.parametrize(
    ("coverage", "words"),
    [
        (between(0.93, 0.91, 0.95), "as often as asked"),
        (between(0.88, 0.85, 0.92), "within chance"),
        (between(0.8, 0.75, 0.85), "do not rely"),
        (between(0.8), "too few"),
    ],
)
def test_whether_it_holds_is_said(coverage, words):
    assert words in sets(coverage=coverage).verdict


def test_no_sets_are_nothing():
    assert describe_sets(Metrics.from_json({})) is None
    assert describe_sets(Metrics.from_json({"conformal": None})) is None
    assert coverage_by_class(Metrics.from_json({"conformal": None})) == {}


def test_a_class_that_was_not_judged_is_left_out():
    per_class = [{"label": "ash", "coverage": {"value": None}}, {"label": "birch", "coverage": between(0.9)}]
    assert [label for label, _ in sets(per_class=per_class).classes] == ["birch"]


def test_the_gate_says_how_it_was_tried():
    described = describe_unknown_detection(Metrics.from_json({"gate": extras_for(LABELS)["gate"]}))
    assert described.told == "200 pictures of none of the classes were given: 100 set the line, the other 100 tried it."
    assert [row.name for row in described.rows] == [
        "Strangers turned away",
        "Known pictures let in",
        "Told apart (AUROC)",
    ]


def test_no_gate_is_nothing():
    assert describe_unknown_detection(Metrics.from_json({})) is None
    assert describe_unknown_detection(Metrics.from_json({"gate": None})) is None
    assert (
        describe_unknown_detection(Metrics.from_json({"gate": {"kept": {"value": None}, "rejected": {"value": None}}}))
        is None
    )


def test_strangers_that_tuned_and_were_tried_in_turn_are_told_so():
    gate = extras_for(LABELS)["gate"] | {"tuned": 200, "scored": 200, "accepted": between(0.01, 0.0, 0.03)}
    described = describe_unknown_detection(Metrics.from_json({"gate": gate}))
    assert described.told.endswith("each was tried by a line that was set without it.")
    assert [row.name for row in described.rows][1] == "Strangers accepted"
