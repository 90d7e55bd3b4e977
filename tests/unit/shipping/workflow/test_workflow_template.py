"""Templates of workflows hold the state machine as it is written beside them, and the permissions that it needs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import loads

from discern.bundle import load
from discern.errors import UsageError
from discern.flow.ship import ship
from discern.shipping.workflow.state_machine import build_state_machine, to_text
from discern.shipping.workflow.task_states import FUNCTION, TOPIC
from discern.shipping.workflow.workflow_options import WorkflowOptions
from discern.shipping.workflow.workflow_template import build_template
from tests.unit.bundle.factories import make_manifest, write_small

TAGS = {"discern:bundle": "colours", "discern:fingerprint": "0123456789ab"}
LABELS = ("${x}", "a ${b", "自転車", 'a "quoted" one', "back\\slash", "$$.Map", "c: #d", "{e}", "!f", "\u2028")


def build(labels: tuple[str, ...] = ("a", "b"), **options: Any) -> tuple[dict[str, Any], Any]:
    """The state machine and the template as CloudFormation reads it."""
    given = WorkflowOptions(**{"threshold": 0.9, "route_by": "label"} | options)
    machine = build_state_machine(given, make_manifest(labels=labels))
    return machine, loads(build_template(machine, given, name="discern-colours-workflow", tags=TAGS))


def substitute(text: str, values: dict[str, str]) -> str:
    """Replace what `Fn::Sub` does; `${!` stands for `${`."""
    return re.sub(r"\$\{(!?)([^}]*)\}", lambda found: f"${{{found[2]}}}" if found[1] else values[found[2]], text)


@pytest.mark.parametrize("options", [{}, {"notify": True, "review_prefix": "review"}, {"map": True, "notify": True}])
def test_the_state_machine_is_the_one_beside_it(options: dict[str, Any]) -> None:
    machine, template = build(LABELS, **options)
    [text] = template["Resources"]["Workflow"]["Properties"]["DefinitionString"].values()
    assert text.isascii()
    found = json.loads(substitute(text, {"FunctionArn": "arn:f", "Notices": "arn:t"}))
    assert found == json.loads(to_text(machine).replace(FUNCTION, "arn:f").replace(TOPIC, "arn:t"))


def test_many_labels_fit_and_too_many_are_refused() -> None:
    machine, template = build(tuple(f"label {number}" for number in range(2000)))
    [text] = template["Resources"]["Workflow"]["Properties"]["DefinitionString"].values()
    assert len(text) < len(to_text(machine))
    with pytest.raises(UsageError, match="larger than"):
        build(tuple(f"自転車 {number}" * 4 for number in range(3000)))


def test_every_resource_that_can_have_tags_has_them() -> None:
    _, template = build(notify=True)
    without = {name for name, each in template["Resources"].items() if "Tags" not in each["Properties"]}
    assert without == {"PictureAccess", "NoticeSubscription"}
    pairs = [{"Key": name, "Value": value} for name, value in TAGS.items()]
    assert template["Resources"]["Workflow"]["Properties"]["Tags"] == pairs


def statements(policy: Any) -> list[tuple[str, Any]]:
    return [(each["Action"], each["Resource"]) for each in policy["PolicyDocument"]["Statement"]]


def test_permissions_are_those_that_are_used() -> None:
    resources = build()[1]["Resources"]
    assert set(resources) == {"Workflow", "WorkflowRole", "PictureAccess"}
    [policy] = resources["WorkflowRole"]["Properties"]["Policies"]
    assert statements(policy) == [("lambda:InvokeFunction", {"Ref": "FunctionArn"})]
    pictures = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${BucketName}/*"}
    assert statements(resources["PictureAccess"]["Properties"]) == [("s3:GetObject", pictures)]
    assert resources["PictureAccess"]["Properties"]["Roles"] == [{"Ref": "FunctionRoleName"}]

    resources = build(notify=True, review_prefix="review")[1]["Resources"]
    [policy] = resources["WorkflowRole"]["Properties"]["Policies"]
    assert statements(policy)[1:] == [("sns:Publish", {"Ref": "Notices"})]
    copies = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${BucketName}/review/*"}
    assert statements(resources["PictureAccess"]["Properties"])[1:] == [("s3:PutObject", copies)]


def types_in(template: Path) -> set[str]:
    return {each["Type"] for each in loads(template.read_text())["Resources"].values()}


def test_what_is_written_is_complete_and_the_same_for_equal_bundles(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "model.discern")
    for name in ("a", "b"):
        result = ship("workflow", bundle, tmp_path / name, threshold=0.9, notify=True)
    assert result.to_json()["files"] == ["state_machine.asl.json", "template.yaml"]
    created = {step["creates"] for step in result.to_json()["plan"]}
    assert created == {"AWS::CloudFormation::Stack", *types_in(tmp_path / "a/template.yaml")} - {
        "AWS::SNS::Subscription"
    }
    template = (tmp_path / "a/template.yaml").read_text()
    assert (tmp_path / "b/template.yaml").read_text() == template
    fingerprint = load(bundle).fingerprint[:12]
    assert f"--tags discern:bundle=colours discern:fingerprint={fingerprint}" in template
    assert "--stack-name discern-colours-workflow" in template


def test_nothing_is_created_without_a_function_and_a_bucket(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "model.discern")
    with pytest.raises(UsageError, match="needs the Lambda function"):
        ship("workflow", bundle, threshold=0.9, yes=True, bucket="pictures")
