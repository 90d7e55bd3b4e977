"""A workflow is created in an account, and test pictures are sent through it."""

import ast
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from PIL import Image

from discern.bundle import load
from discern.errors import UsageError
from discern.flow.deployed import ship_down, ship_status
from discern.flow.ship import ship
from discern.flow.workflow_traffic import send_traffic
from discern.shipping.lambda_function.function import LambdaFunction
from discern.shipping.lambda_function.function_settings import FunctionSettings
from tests.integration.workflow_account import FUNCTION, ROLE, WorkflowAccount, workflow_account
from tests.unit.bundle.factories import plain, write_small

THRESHOLD = {"threshold": 0.6}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("bundle") / "model.discern")


@pytest.fixture(scope="module")
def account(bundle: Path) -> Iterator[WorkflowAccount]:
    function = LambdaFunction(load(bundle), FunctionSettings())
    with workflow_account(function) as found:
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        boto3.client("iam").create_role(RoleName=ROLE.rpartition("/")[2], AssumeRolePolicyDocument=trust)
        code, name = {"ZipFile": b"x"}, FUNCTION.rpartition(":")[2]
        boto3.client("lambda").create_function(
            FunctionName=name, Role=ROLE, Handler="a.b", Runtime="python3.12", Code=code
        )
        yield found
    function.close()


@pytest.fixture(scope="module")
def machine(account: WorkflowAccount, bundle: Path) -> str:
    return create(account, bundle)["state_machine"]


def create(account: WorkflowAccount, bundle: Path, **options: Any) -> Any:
    options = {"function": FUNCTION, "bucket": "pictures", **THRESHOLD, **options}
    created = ship("workflow", bundle, yes=True, **options).created
    assert created is not None
    account.allow_more_executions(created["state_machine"])
    return created


def write_pictures(folder: Path) -> Path:
    """Two pictures of each of two labels, one of no label, and one that is cut off."""
    for label, colour in (("red", (250, 0, 0)), ("dark", (0, 0, 250))):
        (folder / label).mkdir(parents=True)
        for number in range(2):
            Image.fromarray(plain(*colour)).save(folder / label / f"{number} +ü.png")
    file = io.BytesIO()
    Image.fromarray(plain(0, 0, 250)).save(file, "PNG")
    (folder / "loose.png").write_bytes(file.getvalue())
    (folder / "red" / "cut.png").write_bytes(file.getvalue()[:50])
    return folder


def test_the_plan_creates_what_it_says(account: WorkflowAccount, bundle: Path, machine: str) -> None:
    described = account.states.describe_state_machine(stateMachineArn=machine)
    assert FUNCTION in described["definition"]
    iam = boto3.client("iam")
    name = described["roleArn"].rpartition("/")[2]
    # The emulator keeps this document as the text of a Python dictionary.
    run = ast.literal_eval(iam.get_role_policy(RoleName=name, PolicyName="run-tasks")["PolicyDocument"])
    assert [(each["Action"], each["Resource"]) for each in run["Statement"]] == [("lambda:InvokeFunction", FUNCTION)]
    read = iam.get_role_policy(RoleName="discern-test", PolicyName="discern-colours-workflow-pictures")[
        "PolicyDocument"
    ]
    assert [each["Action"] for each in read["Statement"]] == ["s3:GetObject"]
    tags = {"discern:bundle": "colours", "discern:fingerprint": load(bundle).fingerprint[:12]}
    found = account.states.list_tags_for_resource(resourceArn=machine)["tags"]
    assert {each["key"]: each["value"] for each in found} == tags
    assert {each["Key"]: each["Value"] for each in iam.list_role_tags(RoleName=name)["Tags"]} == tags


@pytest.mark.filterwarnings("ignore:Unable to delete NoticeSubscription")  # of the emulator, as it has a condition
def test_a_workflow_is_brought_up_to_date(account: WorkflowAccount, bundle: Path, machine: str) -> None:
    again = create(account, bundle, notify=True, review_prefix="review")
    assert again["state_machine"] == machine
    definition = account.states.describe_state_machine(stateMachineArn=machine)["definition"]
    assert again["topic"] in definition
    assert "${" not in definition
    assert create(account, bundle)["topic"] is None


def test_pictures_are_sent_and_outcomes_tabulated(
    account: WorkflowAccount, bundle: Path, machine: str, tmp_path: Path
) -> None:
    pictures = write_pictures(tmp_path / "pictures")
    options: Any = {"state_machine": machine, "bucket": "pictures", "record": tmp_path / "traffic.jsonl"}
    value = send_traffic(bundle, pictures, **options).to_json()
    assert value["counts"] == {"pictures": 6, "accepted": 5, "below": 0, "failed": 1, "unfinished": 0, "right": 1.0}
    rows = {row["path"]: row for row in value["rows"]}
    assert list(rows) == sorted(rows)
    assert rows["red/cut.png"]["error"] == "PICTURE_NOT_CLASSIFIED"
    assert "TruncatedPicture" in rows["red/cut.png"]["cause"]
    assert rows["loose.png"]["expected"] is None
    assert rows["dark/0 +ü.png"]["label"] == rows["dark/0 +ü.png"]["expected"] == "dark"
    assert all(row["seconds"] >= 0 for row in rows.values())
    started = len(account.states.list_executions(stateMachineArn=machine)["executions"])

    with (tmp_path / "traffic.jsonl").open("a") as file:
        file.write('{"path": "red/0')  # killed while writing
    assert send_traffic(bundle, pictures, **options).to_json() == value
    assert len(account.states.list_executions(stateMachineArn=machine)["executions"]) == started
    with pytest.raises(UsageError, match="another test: its bucket"):
        send_traffic(bundle, pictures, **options | {"bucket": "other"})


def test_an_execution_of_an_interrupted_test_is_not_started_again(
    account: WorkflowAccount, bundle: Path, machine: str, tmp_path: Path
) -> None:
    pictures, record = write_pictures(tmp_path / "pictures"), tmp_path / "traffic.jsonl"
    options: Any = {"state_machine": machine, "bucket": "pictures", "record": record}
    value = send_traffic(bundle, pictures, **options).to_json()
    started = len(account.states.list_executions(stateMachineArn=machine)["executions"])
    record.write_text("".join(record.read_text().splitlines(keepends=True)[:3]))
    assert send_traffic(bundle, pictures, **options).to_json() == value
    assert len(account.states.list_executions(stateMachineArn=machine)["executions"]) == started


def test_the_region_of_the_workflow_is_that_of_its_arn(
    account: WorkflowAccount, bundle: Path, machine: str, tmp_path: Path
) -> None:
    os.environ["AWS_REGION"] = "eu-central-1"
    try:
        pictures = write_pictures(tmp_path / "pictures")
        record = tmp_path / "traffic.jsonl"
        result = send_traffic(bundle, pictures, state_machine=machine, bucket="pictures", record=record)
    finally:
        del os.environ["AWS_REGION"]
    assert {row.outcome for row in result.rows} == {"accepted", "failed"}


def test_a_folder_of_one_class_and_folders_of_aliases_say_what_is_right(
    account: WorkflowAccount, machine: str, tmp_path: Path
) -> None:
    aliased = write_small(tmp_path / "model.discern", data={"aliases": {"red": ["0"], "dark": ["1"]}})
    pictures = write_pictures(tmp_path / "pictures")
    (pictures / "dark").rename(pictures / "1")
    for folder, accepted, expected in ((pictures / "red", 2, "red"), (pictures / "1", 2, "dark")):
        record = tmp_path / f"{folder.name}.jsonl"
        result = send_traffic(aliased, folder, state_machine=machine, bucket="pictures", record=record)
        counts = result.to_json()["counts"]
        assert (counts["accepted"], counts["right"]) == (accepted, 1.0)
        assert {row.expected for row in result.rows} == {expected}


def test_a_workflow_for_lists_has_its_own_name_and_takes_no_single_pictures(
    account: WorkflowAccount, tmp_path: Path
) -> None:
    bundle = write_small(tmp_path / "model.discern", name="Both ways")
    single, lists = create(account, bundle), create(account, bundle, map=True)
    assert lists["stack"] == f"{single['stack']}-map" == "discern-both-ways-workflow-map"
    assert lists["state_machine"] == f"{single['state_machine']}-map"

    pictures, record = write_pictures(tmp_path / "pictures"), tmp_path / "traffic.jsonl"
    with pytest.raises(UsageError, match="for lists of pictures") as refused:
        send_traffic(bundle, pictures, state_machine=lists["state_machine"], bucket="pictures", record=record)
    assert "without --map" in str(refused.value.hint)
    assert not record.exists()

    found = ship_status(bundle="Both ways").resources
    machines = {each.name for each in found if each.kind == "state-machine"}
    assert machines == {single["stack"], lists["stack"]}
    ship_down(bundle="Both ways", yes=True)
    assert not ship_status(bundle="Both ways").resources


def test_below_the_threshold_the_confidence_is_known(account: WorkflowAccount, bundle: Path, tmp_path: Path) -> None:
    machine = create(account, bundle, threshold=1.0)["state_machine"]
    pictures = write_pictures(tmp_path / "pictures")
    record = tmp_path / "traffic.jsonl"
    result = send_traffic(bundle, pictures, state_machine=machine, bucket="pictures", record=record)
    below = [row for row in result.rows if row.outcome == "below"]
    assert len(below) == 5
    assert all(row.confidence is not None and row.confidence < 1 and row.decision for row in below)
    assert all(row.error == "THRESHOLD_CONFIDENCE_NOT_MET" for row in below)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"bucket": "missing"}, "NoSuchBucket"),
        ({"state_machine": "scones"}, "not the ARN of a state machine"),
        ({"state_machine": FUNCTION}, "not the ARN of a state machine"),
        ({"state_machine": "arn:aws:states:us-east-1:123456789012:stateMachine:gone"}, "StateMachineDoesNotExist"),
        ({"parallel": 0}, "number of executions"),
    ],
)
def test_a_wrong_place_is_named(
    account: WorkflowAccount, bundle: Path, machine: str, tmp_path: Path, changed: dict[str, Any], match: str
) -> None:
    pictures = write_pictures(tmp_path / "pictures")
    options: Any = {"state_machine": machine, "bucket": "pictures", "record": tmp_path / "traffic.jsonl"}
    with pytest.raises(UsageError, match=match):
        send_traffic(bundle, pictures, **options | changed)


def test_creating_needs_the_function_and_the_bucket(account: WorkflowAccount, bundle: Path) -> None:
    with pytest.raises(UsageError, match="needs the Lambda function"):
        ship("workflow", bundle, yes=True, **THRESHOLD)
    with pytest.raises(UsageError, match="Function not found"):
        create(account, bundle, function=FUNCTION + "x")
    with pytest.raises(UsageError, match="no bucket gone"):
        create(account, bundle, bucket="gone")


def test_an_equal_workflow_is_left_as_it_is_and_its_function_may_be_named(
    account: WorkflowAccount, bundle: Path, machine: str
) -> None:
    before = create(account, bundle)
    again = create(account, bundle, function=FUNCTION.rpartition(":")[2])
    assert again == before
    assert again["state_machine"] == machine
    stacks = boto3.client("cloudformation").describe_stacks()["Stacks"]
    assert [each["StackName"] for each in stacks] == [again["stack"]]


def test_offline_the_command_says_so(bundle: Path, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{closed.getsockname()[1]}"
        arn = "arn:aws:states:us-east-1:123456789012:stateMachine:scones"
        arguments = ["--traffic", str(write_pictures(tmp_path / "p")), "--state-machine", arn, "--bucket", "pictures"]
        command = [sys.executable, "-m", "discern", "ship", "workflow", str(bundle), *arguments]
        account = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
        limits = {"AWS_ENDPOINT_URL": place, "AWS_MAX_ATTEMPTS": "1"}
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | account | limits,
            cwd=tmp_path,
            timeout=300,
        )
    assert done.returncode == 2
    assert "AWS cannot be reached" in done.stderr
    assert "AWS_ENDPOINT_URL" in done.stderr
    assert "Traceback" not in done.stderr
