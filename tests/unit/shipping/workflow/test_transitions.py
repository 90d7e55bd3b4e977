"""State transitions of a workflow, counted in its definition."""

import pytest

from discern.shipping.workflow.transitions import accepted_transitions

DONE = {"Type": "Pass", "End": True}


def test_each_state_on_the_way_is_a_transition() -> None:
    states = {"A": {"Type": "Choice", "Choices": [{"Next": "B"}], "Default": "F"}, "B": DONE, "F": {"Type": "Fail"}}
    assert accepted_transitions({"StartAt": "A", "States": states}) == 2


def test_neither_errors_nor_notices_are_on_the_way() -> None:
    states = {
        "A": {"Type": "Task", "Catch": [{"Next": "C"}], "Next": "D"},
        "C": {"Type": "Pass", "Next": "E"},
        "D": {"Type": "Choice", "Choices": [{"Next": "N"}], "Default": "E"},
        "N": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Next": "E"},
        "E": DONE,
    }
    assert accepted_transitions({"StartAt": "A", "States": states}) == 3


def test_a_list_spreads_its_own_states_over_its_pictures() -> None:
    inner = {"StartAt": "X", "States": {"X": {"Type": "Pass", "Next": "Y"}, "Y": DONE}}
    states = {"M": {"Type": "Map", "ItemProcessor": inner, "Next": "Z"}, "Z": DONE}
    assert accepted_transitions({"StartAt": "M", "States": states}, pictures=4) == pytest.approx(2 + 2 / 4)
