"""Number of state transitions of a workflow, which Step Functions bills."""

from collections.abc import Iterator, Mapping
from typing import Any

LIST_PICTURES = 100
"""Pictures of a list, over which the states around them are spread; not tuned."""


def accepted_transitions(machine: Mapping[str, Any], *, pictures: int = LIST_PICTURES) -> float:
    """Return the number of states that the workflow enters for a picture that is accepted.

    Each state that is entered is a transition, those without work included; for a Map state also those of each item.

    Args:
        machine: definition of the state machine.
        pictures: pictures of a list, if it takes one.
    """
    path = _accepted_path(machine)
    number = float(len(path))
    for state in path:
        if state["Type"] == "Map":
            inner = accepted_transitions(state["ItemProcessor"], pictures=pictures)
            return number / pictures + inner
    return number


def _accepted_path(machine: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the states of the longest way to an end without an error, in which nobody is notified."""
    states = machine["States"]
    known: dict[str, list[Mapping[str, Any]] | None] = {}

    def longest(name: str) -> list[Mapping[str, Any]] | None:
        if name not in known:
            state = states[name]
            known[name] = None
            if state["Type"] == "Fail" or state.get("Resource", "").endswith(":sns:publish"):
                return None
            if state.get("End"):
                known[name] = [state]
            else:
                ways = [way for each in _next_states(state) if (way := longest(each)) is not None]
                known[name] = [state, *max(ways, key=len)] if ways else None
        return known[name]

    path = longest(machine["StartAt"])
    assert path is not None
    return path


def _next_states(state: Mapping[str, Any]) -> Iterator[str]:
    """Yield the states that may follow without an error."""
    for each in (state, *state.get("Choices", ())):
        if "Next" in each:
            yield each["Next"]
    if "Default" in state:
        yield state["Default"]
