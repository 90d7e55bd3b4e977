"""Branches of a workflow by the answer: one for each label, or one for each destination."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from discern.bundle.manifest import Manifest
from discern.errors import UsageError
from discern.shipping.workflow.task_states import State

ROUTE = "Route by answer"
_UNEXPECTED = "Unexpected answer"
_MAX_NAME = 60  # of the 80 characters of a state's name, with room for a prefix and a number


@dataclass(frozen=True, kw_only=True)
class Branch:
    """Branch of a workflow.

    Attributes:
        destination: text that the branch adds to the state: the route, or the label.
        labels: labels of the answers that take it.
    """

    destination: str
    labels: tuple[str, ...]


def branches_by(route_by: str, manifest: Manifest) -> tuple[Branch, ...]:
    """Return the branches of a model's answers, in the order of its labels.

    Args:
        route_by: "label", "route" or "none".
        manifest: manifest of the model.

    Raises:
        UsageError: the model has no routes, or some labels have none.
    """
    if route_by == "none":
        return ()
    if route_by == "label":
        return tuple(Branch(destination=label, labels=(label,)) for label in manifest.labels)
    routes = {label: manifest.label_names.route(label) for label in manifest.labels}
    if missing := [label for label, route in routes.items() if route is None]:
        raise UsageError(
            f"The label {missing[0]!r} has no route.",
            hint="Give each label one in names.csv (discern rename), or use --route-by label.",
        )
    grouped: dict[str, list[str]] = {}
    for label, route in routes.items():
        grouped.setdefault(str(route), []).append(label)
    return tuple(Branch(destination=route, labels=tuple(labels)) for route, labels in grouped.items())


def route_states(branches: Sequence[Branch], *, answer: str, after: str) -> dict[str, State]:
    """Return a Choice state and one state for each branch, to be replaced by what is to happen there.

    Args:
        branches: the branches; none gives no states.
        answer: reference path of the label.
        after: name of the state that follows each branch.
    """
    if not branches:
        return {}
    names = _state_names(branches)
    choices = [_rule(branch, answer) | {"Next": name} for branch, name in zip(branches, names, strict=True)]
    states: dict[str, State] = {ROUTE: {"Type": "Choice", "Choices": choices, "Default": _UNEXPECTED}}
    for branch, name in zip(branches, names, strict=True):
        states[name] = {"Type": "Pass", "Result": branch.destination, "ResultPath": "$.destination", "Next": after}
    cause = "The function answered with a label that the workflow does not know. Deploy both from the same bundle."
    states[_UNEXPECTED] = {"Type": "Fail", "Error": "UNEXPECTED_ANSWER", "Cause": cause}
    return states


def _rule(branch: Branch, answer: str) -> State:
    rules: list[State] = [{"Variable": answer, "StringEquals": label} for label in branch.labels]
    return rules[0] if len(rules) == 1 else {"Or": rules}


def _state_names(branches: Sequence[Branch]) -> list[str]:
    """Return a unique name for each branch, in letters, digits, spaces and hyphens."""
    names: list[str] = []
    for number, branch in enumerate(branches, 1):
        plain = re.sub(r"[^\w-]+", " ", branch.destination).strip()[:_MAX_NAME].strip()
        name = f"Route to {plain or number}"
        names.append(f"{name} {number}" if name in names else name)
    return names
