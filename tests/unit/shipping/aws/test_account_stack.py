"""Stacks are created, updated, left as they are, or refused with the reason and the remedy."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs

import boto3
import pytest
from examples.aws_environment import aws_environment
from moto import mock_aws
from moto.cloudformation.models import cloudformation_backends
from moto.core import DEFAULT_ACCOUNT_ID

from discern.buckets.account_clients import AccountClients
from discern.errors import UsageError
from discern.shipping.aws.account_stack import deploy_stack, upload_package
from discern.shipping.aws.inventory import remove
from discern.shipping.aws.resource_kind import Resource

TAGS = {"discern:bundle": "ripe ones"}


def template(*topics: str, note: str = "") -> str:
    resources = {
        f"T{number}": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}
        for number, name in enumerate(topics)
    }
    parameters = {"Place": {"Type": "String", "Default": "here"}}
    outputs = {"Arn": {"Value": {"Ref": "T0"}}, "Where": {"Value": {"Ref": "Place"}}}
    return json.dumps({"Description": note, "Parameters": parameters, "Resources": resources, "Outputs": outputs})


@pytest.fixture
def clients() -> Iterator[AccountClients]:
    with aws_environment(), mock_aws():
        yield AccountClients()


def topics() -> list[str]:
    return sorted(each["TopicArn"].rpartition(":")[2] for each in boto3.client("sns").list_topics()["Topics"])


def test_a_stack_is_created_updated_and_left_as_it_is(clients: AccountClients) -> None:
    made = deploy_stack(clients, "s", template("a"), tags=TAGS, parameters={"Place": "there"})
    assert (made["Arn"].rpartition(":")[2], made["Where"]) == ("a", "there")
    assert deploy_stack(clients, "s", template("a"), tags=TAGS, parameters={"Place": "there"}) == made
    deploy_stack(clients, "s", template("a", "b"), tags=TAGS)
    assert topics() == ["a", "b"]
    [stack] = boto3.client("cloudformation").describe_stacks(StackName="s")["Stacks"]
    assert (stack["StackStatus"], stack["Tags"]) == (
        "UPDATE_COMPLETE",
        [{"Key": "discern:bundle", "Value": "ripe ones"}],
    )


def test_a_template_that_is_too_long_for_a_call_is_uploaded(clients: AccountClients) -> None:
    deploy_stack(clients, "s", template("a", note="x" * 60_000), tags=TAGS)
    assert topics() == ["a"]
    [bucket] = boto3.client("s3").list_buckets()["Buckets"]
    found = boto3.client("s3").get_bucket_tagging(Bucket=bucket["Name"])["TagSet"]
    assert found == [{"Key": "discern:bundle", "Value": "ripe ones"}]
    blocked = boto3.client("s3").get_public_access_block(Bucket=bucket["Name"])["PublicAccessBlockConfiguration"]
    assert all(blocked.values())


def test_a_stack_that_cannot_be_changed_has_a_remedy(clients: AccountClients) -> None:
    deploy_stack(clients, "s", template("a"), tags=TAGS)
    [stack] = cloudformation_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].stacks.values()
    stuck = ("ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS")
    remedies = dict.fromkeys(
        stuck, "delete-stack --stack-name s`, or all of the bundle's by `discern ship down 'ripe ones' --yes`"
    )
    remedies |= {
        "UPDATE_IN_PROGRESS": "Wait until that has ended",
        "UPDATE_ROLLBACK_FAILED": "continue-update-rollback",
    }
    for state, remedy in remedies.items():
        stack.status = state
        with pytest.raises(UsageError, match=f"The stack s is .*{state}") as caught:
            deploy_stack(clients, "s", template("b"), tags=TAGS)
        assert remedy in str(caught.value.hint)
    assert topics() == ["a"]


@pytest.mark.parametrize(("tags", "owner"), [({}, "not created by Discern"), ({"discern:bundle": "x"}, "bundle 'x'")])
def test_a_stack_of_another_owner_is_not_changed(clients: AccountClients, tags: dict[str, str], owner: str) -> None:
    pairs = [{"Key": name, "Value": value} for name, value in tags.items()]
    boto3.client("cloudformation").create_stack(StackName="s", TemplateBody=template("a"), Tags=pairs)
    with pytest.raises(UsageError, match=owner):
        deploy_stack(clients, "s", template("b"), tags=TAGS)
    assert topics() == ["a"]


def test_each_stack_has_a_bucket_of_its_own(clients: AccountClients, tmp_path: Path) -> None:
    package = tmp_path / "function.zip"
    package.write_bytes(b"x")
    names = ["discern-" + "n" * 40, "discern-" + "n" * 39 + "m", "discern-a"]
    found = [upload_package(clients, name, package, tags=TAGS) for name in names]
    buckets = [each.removeprefix("s3://").partition("/")[0] for each in found]
    assert len(set(buckets)) == 3
    assert all(len(name) <= 63 for name in buckets)
    assert [upload_package(clients, name, package, tags=TAGS) for name in names] == found


STACK = "AWS::CloudFormation::Stack"
CREATION = [
    ("s", STACK, "ROLLBACK_IN_PROGRESS", "The following resource(s) failed"),
    ("Log", "AWS::Logs::LogGroup", "CREATE_FAILED", "Resource creation cancelled"),
    ("Role", "AWS::IAM::Role", "CREATE_FAILED", "not authorized to perform iam:CreateRole."),
    ("s", STACK, "CREATE_IN_PROGRESS", "User Initiated"),
    ("Old", "AWS::IAM::Role", "CREATE_FAILED", "of an earlier attempt"),
]
REMOVAL = [
    ("s", STACK, "DELETE_FAILED", "The following resource(s) failed to delete: [Role]."),
    ("Role", "AWS::IAM::Role", "DELETE_FAILED", "Cannot delete entity, must delete policies first."),
    ("s", STACK, "DELETE_IN_PROGRESS", "User Initiated"),
]


class FailingStacks(BaseHTTPRequestHandler):
    """CloudFormation whose only stack cannot be changed."""

    state = ""
    events: ClassVar[list[tuple[str, str, str, str]]] = []

    def do_POST(self) -> None:
        [action] = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["Action"]
        if action == "CreateStack":
            FailingStacks.state, FailingStacks.events = "ROLLBACK_COMPLETE", CREATION
        elif action == "DeleteStack":
            FailingStacks.state, FailingStacks.events = "DELETE_FAILED", REMOVAL
        body = f"<{action}Response><{action}Result>{self.answer(action)}</{action}Result></{action}Response>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self, action: str) -> str:
        if action == "DescribeStacks" and self.state:
            return f"<Stacks><member><StackName>s</StackName><StackStatus>{self.state}</StackStatus></member></Stacks>"
        members = (
            f"<member><LogicalResourceId>{name}</LogicalResourceId><ResourceType>{kind}</ResourceType><ResourceStatus>"
            f"{state}</ResourceStatus><ResourceStatusReason>{reason}</ResourceStatusReason></member>"
            for name, kind, state, reason in self.events
        )
        return f"<StackEvents>{''.join(members)}</StackEvents>" if action == "DescribeStackEvents" else ""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def failing() -> Iterator[AccountClients]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), FailingStacks)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    FailingStacks.state = ""
    try:
        with aws_environment():
            os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_port}"
            yield AccountClients()
    finally:
        server.shutdown()
        server.server_close()


def test_the_first_failure_of_a_creation_is_the_reason(failing: AccountClients) -> None:
    with pytest.raises(UsageError) as caught:
        deploy_stack(failing, "s", template("a"), tags=TAGS)
    reason = "Role (AWS::IAM::Role): not authorized to perform iam:CreateRole"
    assert caught.value.message == f"The stack s cannot be created: {reason}."
    assert "discern ship down 'ripe ones' --yes" in str(caught.value.hint)


def test_the_first_failure_of_a_removal_is_the_reason(failing: AccountClients) -> None:
    failed = remove(failing, [Resource(kind="stack", name="s", address="s", bundle="ripe ones")])
    reason = "Role (AWS::IAM::Role): Cannot delete entity, must delete policies first"
    assert failed[("stack", "s")].startswith(f"stack s: CloudFormation did not delete it: {reason}.")
