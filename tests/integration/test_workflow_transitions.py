"""The transitions that a workflow is priced by are the states that its executions enter."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from discern.bundle import load
from discern.shipping.function_costs import PICTURE_TRANSITIONS
from discern.shipping.workflow.state_machine import build_state_machine, to_text
from discern.shipping.workflow.transitions import accepted_transitions
from discern.shipping.workflow.workflow_options import WorkflowOptions
from tests.integration.workflow_account import WorkflowAccount, workflow_account
from tests.unit.bundle.factories import write_small

SURE = {"inferences": [1.0], "label": "red", "decision": "accept", "confidence": 1.0}


def accept(event: Any) -> Any:
    """The function, which accepts every picture."""
    if event["step"] == "serialize":
        return {"body": {**event, "image_data": "", "inferences": []}}
    return SURE


@pytest.fixture(scope="module")
def account() -> Iterator[WorkflowAccount]:
    with workflow_account(accept) as found:
        yield found


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"route_by": "label", "notify": True, "review_prefix": "review"},
        {"map": True, "route_by": "label", "notify": True},
    ],
)
def test_the_transitions_are_those_of_an_execution(
    account: WorkflowAccount, tmp_path: Path, options: dict[str, Any]
) -> None:
    manifest = load(write_small(tmp_path / "model.discern")).manifest
    assert SURE["label"] in manifest.labels
    given = WorkflowOptions(threshold=0.9, **options)
    machine = build_state_machine(given, manifest)
    picture = account.put("a.png", b"")
    items = [picture] * 3
    done = account.execute(account.create(to_text(machine)), {"items": items} if given.map else picture)
    assert done["status"] == "SUCCEEDED"
    entered = sum(event["type"].endswith("StateEntered") for event in done["history"])
    pictures = len(items) if given.map else 1
    assert entered == pytest.approx(pictures * accepted_transitions(machine, pictures=pictures))
    if not options:
        assert entered == PICTURE_TRANSITIONS
