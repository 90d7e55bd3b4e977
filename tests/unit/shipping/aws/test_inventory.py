"""What was deployed to an account: listed by its tags, removed in an order that works, and proved to be gone."""

import io
import json
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from examples.aws_environment import aws_environment
from moto import mock_aws

from discern.buckets.account_clients import AccountClients
from discern.flow.deployed import ship_down, ship_status, stop_notebooks
from discern.shipping.aws.inventory import KINDS, add_tagged, clear, remove, take_inventory
from discern.shipping.aws.resource_kind import Resource

TAG, OWN = "discern:bundle", "scones"
PAIRS = [{"Key": TAG, "Value": OWN}, {"Key": "discern:fingerprint", "Value": "0123456789ab"}]
PLAIN = {TAG: OWN}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
STACK = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "of-the-stack"}}}})


@pytest.fixture(autouse=True)
def account() -> Iterator[Callable[[str], Any]]:
    """Empty account, as a function from the name of a service to its client."""
    with aws_environment(), mock_aws():
        yield AccountClients().__getitem__


def code() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context): return event\n")
    return buffer.getvalue()


def create_notebook(account: Callable[[str], Any], name: str, tags: list[dict[str, str]], machine: str) -> None:
    role = "arn:aws:iam::123456789012:role/any"
    account("sagemaker").create_notebook_instance(
        NotebookInstanceName=name, InstanceType=machine, RoleArn=role, Tags=tags
    )


def create_endpoint(account: Callable[[str], Any], name: str, tags: list[dict[str, str]], machines: int) -> None:
    client, role = account("sagemaker"), "arn:aws:iam::123456789012:role/any"
    client.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": "i"}, Tags=tags)
    variant = {
        "VariantName": "all",
        "ModelName": name,
        "InitialInstanceCount": machines,
        "InstanceType": "ml.m5.xlarge",
        "InitialVariantWeight": 1.0,
    }
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=tags)
    client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)


def create_access(account: Callable[[str], Any], name: str, tags: list[dict[str, str]]) -> str:
    iam = account("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=tags)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    policy = iam.create_policy(PolicyName=name, PolicyDocument=document, Tags=tags)["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=document, SetAsDefault=True)
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
    return str(role)


def create_everything(account: Callable[[str], Any], name: str, *, tagged: bool) -> None:
    """Create one resource for each `Kind`, so that buckets and repositories are full and roles are used."""
    pairs, plain = (PAIRS, PLAIN) if tagged else ([], {})
    lower = [{"key": each["Key"], "value": each["Value"]} for each in pairs]
    role = create_access(account, name, pairs)
    s3 = account("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", b"second"):
        s3.put_object(Bucket=name, Key="picture.jpg", Body=body)
    s3.delete_object(Bucket=name, Key="picture.jpg")
    if tagged:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs})
    account("ecr").create_repository(repositoryName=name, tags=pairs)
    account("cloudformation").create_stack(StackName=name, TemplateBody=STACK.replace("of-the", name), Tags=pairs)
    account("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role,
        Handler="handler.handler",
        Code={"ZipFile": code()},
        Tags=plain,
    )
    account("apigatewayv2").create_api(Name=name, ProtocolType="HTTP", Tags=plain)
    account("apigateway").create_rest_api(name=name, tags=plain)
    account("events").put_rule(Name=name, EventPattern="{}", Tags=pairs)
    account("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:123456789012:{name}"}])
    machine = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    account("stepfunctions").create_state_machine(name=name, definition=machine, roleArn=role, tags=lower)
    topic = account("sns").create_topic(Name=name, Tags=pairs)["TopicArn"]
    account("sqs").create_queue(QueueName=name, tags=plain)
    account("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:123456789012:{name}")
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    account("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    account("logs").create_log_group(logGroupName=f"/own/{name}", tags=plain)
    account("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
    create_endpoint(account, name, pairs, 2)
    create_notebook(account, name, pairs, "ml.t2.medium")


def test_an_empty_account_has_nothing_and_nothing_to_do() -> None:
    assert ship_status().to_json()["resources"] == []
    done = ship_down(yes=True)
    assert done.passed
    assert done.to_json()["done"] == done.to_json()["unchecked"] == []


def test_all_is_listed_by_its_tag_removed_and_proved_to_be_gone(account: Callable[[str], Any]) -> None:
    create_everything(account, "scones-stack", tagged=True)
    create_everything(account, "foreign", tagged=False)
    listed = ship_status().to_json()["resources"]
    # The emulator lists an endpoint's configuration a second time, under an address that is not one.
    ours = [each for each in listed if each["bundle"] == OWN and each["kind"] != "other"]
    assert {each["kind"] for each in ours} == {kind.name for kind in KINDS} - {"distribution"}
    assert "/aws/lambda/scones-stack" in [each["name"] for each in ours]
    others = {(each["kind"], each["name"]) for each in listed if each["bundle"] is None}
    assert others == {("endpoint", "foreign"), ("notebook", "foreign")}
    rates = {(each["kind"], each["name"]): each["per_hour"] for each in listed}
    assert rates["endpoint", "scones-stack"] == pytest.approx(2 * 0.23)
    assert rates["notebook", "scones-stack"] == pytest.approx(0.056)
    assert rates["function", "scones-stack"] == 0

    planned = ship_down()
    assert planned.planned
    assert len(planned.resources) >= len(ours)
    assert len(ship_status().resources) == len(listed)

    assert ship_status(bundle="another").resources == ()
    done = ship_down(yes=True)
    assert (done.passed, done.failed, done.resources, done.unchecked) == (True, (), (), ())
    assert len(done.done) >= len(ours)
    assert account("lambda").get_function(FunctionName="foreign")
    assert account("s3").list_object_versions(Bucket="foreign")["Versions"]
    assert account("iam").get_role(RoleName="foreign")
    groups = account("logs").describe_log_groups()["logGroups"]
    assert {each["logGroupName"] for each in groups} == {"/own/foreign", "/aws/lambda/foreign"}
    assert {each["name"] for each in ship_status().to_json()["resources"]} == {"foreign"}


def test_what_cannot_be_removed_is_said_and_left(account: Callable[[str], Any]) -> None:
    iam = account("iam")
    create_access(account, "used", PAIRS)
    iam.create_instance_profile(InstanceProfileName="machine")
    iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName="used")
    done = ship_down(yes=True)
    assert not done.passed
    assert [(each.kind, each.name) for each in done.resources] == [("role", "used")]
    assert "role used" in done.failed[0]


def test_a_resource_of_another_kind_is_listed(account: Callable[[str], Any]) -> None:
    account("dynamodb").create_table(
        TableName="answers",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=PAIRS,
    )
    assert [each["kind"] for each in ship_status().to_json()["resources"]] == ["other"]
    done = ship_down(yes=True)
    assert not done.passed
    assert "answers is left: Discern cannot remove it." in done.failed[0]


def test_notebooks_are_stopped_whoever_created_them(account: Callable[[str], Any]) -> None:
    create_notebook(account, "ours", PAIRS, "ml.t3.medium")
    create_notebook(account, "theirs", [], "ml.p2.xlarge")
    create_notebook(account, "idle", [], "ml.t3.medium")
    account("sagemaker").stop_notebook_instance(NotebookInstanceName="idle")
    planned = stop_notebooks()
    rates = {each["name"]: each["per_hour"] for each in planned.to_json()["resources"]}
    assert (planned.planned, rates) == (True, {"ours": 0.05, "theirs": None})
    done = stop_notebooks(yes=True)
    assert done.passed
    assert set(done.done) == {"notebook ours", "notebook theirs"}
    assert [each["per_hour"] for each in done.to_json()["resources"]] == [0, 0]
    assert stop_notebooks(yes=True).resources == ()


def test_what_belongs_to_another_region_is_left_alone(account: Callable[[str], Any]) -> None:
    stack = "arn:aws:cloudformation:eu-west-1:123456789012:stack/discern-scones/1"
    create_access(account, "elsewhere", [*PAIRS, {"Key": "aws:cloudformation:stack-id", "Value": stack}])
    create_access(
        account,
        "here",
        [*PAIRS, {"Key": "aws:cloudformation:stack-id", "Value": stack.replace("eu-west-1", "us-east-1")}],
    )
    place = {"LocationConstraint": "eu-west-1"}
    account("s3").create_bucket(Bucket="packages", CreateBucketConfiguration=place)
    account("s3").put_bucket_tagging(Bucket="packages", Tagging={"TagSet": PAIRS})
    assert {each.name for each in take_inventory(AccountClients()).created} == {"here"}
    assert {each.name for each in take_inventory(AccountClients("eu-west-1")).created} == {"elsewhere", "packages"}


FULL = {
    "Parameters": {"FunctionRoleName": {"Type": "String", "Default": "r"}},
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "of-the-stack"}},
        "Images": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "of-the-stack"}},
    },
}


def test_a_stack_with_a_full_bucket_and_repository_is_removed_before_that_of_its_function(
    account: Callable[[str], Any],
) -> None:
    for name, template in (("function", STACK), ("full", json.dumps(FULL))):
        account("cloudformation").create_stack(StackName=name, TemplateBody=template, Tags=PAIRS)
    account("s3").put_object(Bucket="of-the-stack", Key="a", Body=b"a")
    account("s3").create_multipart_upload(Bucket="of-the-stack", Key="b")
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
    for number in range(3):
        account("ecr").put_image(repositoryName="of-the-stack", imageManifest=manifest, imageTag=str(number))
    clients = AccountClients()
    stacks = [each for each in take_inventory(clients).created if each.kind == "stack"]
    assert [each.name for each in stacks] == ["full", "function"]
    assert remove(clients, stacks) == {}
    assert take_inventory(clients).created == ()
    assert account("s3").list_buckets()["Buckets"] == account("ecr").describe_repositories()["repositories"] == []


def test_a_log_that_is_written_after_its_function_is_gone_is_found(account: Callable[[str], Any]) -> None:
    removed = Resource(kind="function", name="classifier", address="classifier", bundle=OWN)
    for name in ("/aws/lambda/classifier", "/aws/lambda/classifier-of-others"):
        account("logs").create_log_group(logGroupName=name)
    clients = AccountClients()
    assert take_inventory(clients).created == ()
    [found] = take_inventory(clients, former=[removed]).created
    assert (found.kind, found.name) == ("log-group", "/aws/lambda/classifier")
    assert remove(clients, [found]) == {}
    assert [each["logGroupName"] for each in account("logs").describe_log_groups()["logGroups"]] == [
        "/aws/lambda/classifier-of-others"
    ]


def test_a_log_that_is_written_during_the_removal_is_removed_as_well(account: Callable[[str], Any]) -> None:
    group = "/aws/lambda/classifier"
    role = create_access(account, "classifier", PAIRS)
    code_of = {"ZipFile": code()}
    account("lambda").create_function(
        FunctionName="classifier", Runtime="python3.12", Role=role, Handler="a.b", Code=code_of, Tags=PLAIN
    )
    account("logs").create_log_group(logGroupName=group)
    clients = AccountClients()
    before = take_inventory(clients)
    assert [each.kind for each in before.created] == ["function", "log-group", "role", "policy"]

    def write_again(**_: object) -> None:
        account("logs").create_log_group(logGroupName=group)

    # Roles are removed after logs.
    clients["iam"].meta.events.register_first("before-call.iam.DeleteRole", write_again)
    after, failed = clear(clients, before, bundle=None)
    assert (after.created, failed) == ((), {})
    assert account("logs").describe_log_groups()["logGroups"] == []


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        ("arn:aws:lambda:us-east-1:123456789012:function:gone", None),
        ("arn:aws:s3:::gone", None),
        ("arn:aws:states:us-east-1:123456789012:stateMachine:gone", None),
        ("arn:aws:apigateway:us-east-1::/apis/gone/stages/$default", None),
        ("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/gone", None),
        ("arn:aws:dynamodb:us-east-1:123456789012:table/there", "other"),
        ("arn:aws:s3:::there", "bucket"),
        ("arn:aws:s3:::theirs", None),
    ],
)
def test_what_the_tagging_service_alone_tells(account: Callable[[str], Any], arn: str, kind: str | None) -> None:
    """It lists resources for a while after their removal, and tags that may not be read elsewhere."""
    there = Resource(kind="bucket", name="there", address="there", bundle=None)
    theirs = Resource(kind="bucket", name="theirs", address="theirs", bundle="another")
    every = {each.key: each for each in (there, theirs)}
    tagged = [{"ResourceARN": arn, "Tags": [{"Key": TAG, "Value": OWN}]}]
    others = add_tagged(every, tagged, region="us-east-1", unlisted={})
    assert [each.kind for each in (*others, *every.values()) if each.bundle == OWN] == ([kind] if kind else [])


class Denial(BaseHTTPRequestHandler):
    """Service that permits nothing, in the forms that the client libraries read."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        json_form = "json" in self.headers.get("Content-Type", "") or self.path.startswith(("/20", "/v2", "/restapis"))
        body = JSON_DENIAL if json_form else XML_DENIAL
        self.send_response(403)
        self.send_header("Content-Type", "application/json" if json_form else "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - as the library calls it

    def log_message(self, *_: object) -> None:
        pass


JSON_DENIAL = b'{"__type": "AccessDeniedException", "code": "AccessDeniedException", "message": "not for you"}'
XML_DENIAL = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not for you</Message></Error></ErrorResponse>"


def test_kinds_that_may_not_be_listed_are_named_and_nothing_is_proved() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Denial)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_port}"
        done = ship_down(yes=True)
    finally:
        server.shutdown()
        server.server_close()
    assert len(done.unchecked) == len(KINDS) + 1
    assert not done.passed
    assert "testing" not in json.dumps(done.to_json())
