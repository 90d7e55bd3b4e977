"""State machines of workflows: structure, ends, limits, and the checks of a linter."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from statelint.linter import Linter

from discern.bundle import Thresholds
from discern.bundle.manifest import Manifest
from discern.errors import UsageError
from discern.picture import Recipe
from discern.shipping.workflow.state_machine import build_state_machine, to_text
from discern.shipping.workflow.workflow_options import WorkflowOptions

ROUTES = {"bicycle": {"route": "bay 2"}, "motorcycle": {"route": "bay 2"}}
MANIFEST = Manifest(
    name="scones",
    labels=("bicycle", "motorcycle"),
    names=ROUTES,
    recipe=Recipe(size=224, resize=256),
    temperature=1.0,
    thresholds=Thresholds(accept=0.9),
)
VARIANTS = [
    WorkflowOptions(threshold=threshold, route_by=route_by, map=each, review_prefix=prefix, notify=notify)
    for threshold, route_by, each, prefix, notify in product(
        (None, 0.93), ("none", "label", "route"), (False, True), (None, "review/"), (False, True)
    )
]


def with_labels(*labels: str) -> Manifest:
    return replace(MANIFEST, labels=labels, names={})


def levels(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine itself and the one in each of its Map states."""
    yield machine
    for state in machine["States"].values():
        if state["Type"] == "Map":
            yield from levels(state["ItemProcessor"])


def targets(state: dict[str, Any]) -> Iterator[str]:
    for part in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        yield from (part[name] for name in ("Next", "Default") if name in part)


def reached(level: dict[str, Any]) -> set[str]:
    found, new = set(), {level["StartAt"]}
    while new:
        found |= new
        new = {target for name in new for target in targets(level["States"][name])} - found
    return found


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_every_variant_is_sound(options: WorkflowOptions) -> None:
    machine = build_state_machine(options, MANIFEST)
    assert Linter.validate(json.loads(to_text(machine))) == []
    names = [name for level in levels(machine) for name in level["States"]]
    assert len(names) == len(set(names))
    for level in levels(machine):
        assert reached(level) == level["States"].keys()
        for name, state in level["States"].items():
            assert len(name) <= 80
            assert state["Type"] in ("Succeed", "Fail") or state.get("End") or list(targets(state)), name
            if state["Type"] == "Task":
                assert state["TimeoutSeconds"] <= 60
                assert all(each["MaxAttempts"] <= 3 and each["MaxDelaySeconds"] <= 20 for each in state["Retry"])
                assert "States.ALL" not in str(state["Retry"])
                assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert machine["TimeoutSeconds"] >= 4 * 3 * 60


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_pixels_stay_in_the_bucket(options: WorkflowOptions) -> None:
    for level in levels(build_state_machine(options, MANIFEST)):
        tasks = [state for state in level["States"].values() if "lambda" in state.get("Resource", "")]
        assert all("ResultSelector" in state or state["ResultPath"] is None for state in tasks)
        sent = [state["Parameters"]["Payload"] for state in tasks]
        assert all(payload["references"] for payload in sent if payload["step"] == "serialize")


def test_the_definition_is_the_same_for_equal_bundles() -> None:
    options = WorkflowOptions(route_by="route", notify=True)
    texts = {to_text(build_state_machine(options, MANIFEST)) for _ in range(3)}
    assert len(texts) == 1


def test_labels_that_share_a_route_share_a_branch() -> None:
    states = build_state_machine(WorkflowOptions(route_by="route"), MANIFEST)["States"]
    [rule] = states["Route by answer"]["Choices"]
    assert [each["StringEquals"] for each in rule["Or"]] == ["bicycle", "motorcycle"]
    assert states[rule["Next"]]["Result"] == "bay 2"


@pytest.mark.parametrize(
    "labels",
    [
        ("a/b", "a b", "a?b"),
        ("x" * 200 + "1", "x" * 200 + "2"),
        ("自転車", "オートバイ"),
        ("Filter", "Serialize"),
        ("/", "*"),
    ],
)
def test_any_label_has_a_branch_of_its_own(labels: tuple[str, ...]) -> None:
    states = build_state_machine(WorkflowOptions(route_by="label"), with_labels(*labels))["States"]
    rules = states["Route by answer"]["Choices"]
    assert [rule["StringEquals"] for rule in rules] == list(labels)
    assert [states[rule["Next"]]["Result"] for rule in rules] == list(labels)
    assert len({rule["Next"] for rule in rules}) == len(labels)
    assert all(len(rule["Next"]) <= 80 for rule in rules)


def test_labels_without_a_route_are_refused() -> None:
    with pytest.raises(UsageError, match="'a' has no route"):
        build_state_machine(WorkflowOptions(route_by="route"), with_labels("a", "b"))


def test_too_many_branches_are_refused() -> None:
    many = with_labels(*(f"label {number}" for number in range(5000)))
    with pytest.raises(UsageError, match="larger than 1,048,576 bytes"):
        build_state_machine(WorkflowOptions(route_by="label"), many)
    assert build_state_machine(WorkflowOptions(), many)


def test_a_filter_that_stops_everything_or_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="accepts no answer"):
        build_state_machine(WorkflowOptions(), replace(MANIFEST, thresholds=Thresholds()))
    assert build_state_machine(WorkflowOptions(threshold=0.9), replace(MANIFEST, thresholds=Thresholds()))
    with pytest.raises(UsageError, match="stops nothing: with 2 labels"):
        build_state_machine(WorkflowOptions(threshold=0.5), MANIFEST)


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 0.0},
        {"threshold": 1.1},
        {"threshold": float("nan")},
        {"route_by": "colour"},
        {"concurrency": 0},
        {"concurrency": 41},
        {"tolerate": -1},
        {"tolerate": 500},
        {"review_prefix": "/"},
        {"review_prefix": "a*"},
        {"review_prefix": "${aws:username}"},
        {"review_prefix": "../x"},
        {"review_prefix": "a\n  b"},
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        WorkflowOptions(**options)
