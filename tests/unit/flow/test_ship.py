"""`discern ship` plans first, and creates nothing unless it is confirmed."""

import os
import tempfile
from pathlib import Path

import boto3
import pytest
from examples.aws_environment import aws_environment
from moto import mock_aws

from discern.errors import BundleError, UsageError
from discern.flow.ship import ship
from discern.shipping.plan import Plan
from tests.unit.bundle.factories import write_small
from tests.unit.shipping.factories import write_wheels


def test_a_plan_has_the_keys_of_its_contract(tmp_path: Path) -> None:
    bundle, announced = write_small(tmp_path / "small.discern"), list[Plan]()
    options = {"cache": tmp_path / "cache", "wheels": write_wheels(tmp_path / "wheels")}
    result = ship("lambda", bundle, tmp_path / "out", dry_run=True, announce=announced.append, **options)
    value = result.to_json()
    assert list(value) == ["target", "plan", "files", "unpacked_bytes", "zipped_bytes", "cost"]
    assert value["files"] == ["function.zip", "template.yaml"]
    assert all(set(step) == {"text", "creates"} for step in value["plan"])
    assert "AWS::Lambda::Function" in {step["creates"] for step in value["plan"]}
    assert (tmp_path / "out/function.zip").stat().st_size == value["zipped_bytes"]
    assert announced == [result.plan]


def test_what_cannot_be_planned_is_refused(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "small.discern")
    with pytest.raises(UsageError, match="'moon'") as raised:
        ship("moon", bundle)
    assert "lambda" in raised.value.hint
    with pytest.raises(BundleError, match="no bundle"):
        ship("lambda", tmp_path / "absent.discern")
    with pytest.raises(UsageError, match="--wings does not apply"):
        ship("lambda", bundle, wings=2)
    with pytest.raises(UsageError, match="--yes"):
        ship("lambda", bundle, dry_run=True, yes=True)
    with pytest.raises(UsageError, match=r"contains other files, such as small\.discern"):
        ship("lambda", bundle, tmp_path, dry_run=True)
    with pytest.raises(UsageError, match="is not a folder"):
        ship("lambda", bundle, bundle / "out", dry_run=True)


@pytest.mark.parametrize("target", ["lambda", "workflow", "site"])
def test_an_account_that_cannot_be_called_is_named_before_anything_is_written(target: str, tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "small.discern")
    options = {"function": "answers", "bucket": "pictures"} if target == "workflow" else {}
    if target == "site":
        options = {"api": "https://answers.example.org"}
    with aws_environment():
        del os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        with pytest.raises(UsageError, match="No AWS credentials are set"):
            ship(target, bundle, tmp_path / "out", yes=True, **options)
    assert not (tmp_path / "out").exists()


def test_an_image_that_nothing_can_build_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "small.discern")
    with aws_environment():
        os.environ["PATH"] = str(tmp_path)
        with pytest.raises(UsageError, match="Docker, Podman"):
            ship("lambda", bundle, tmp_path / "out", yes=True, image=True)
    assert not (tmp_path / "out").exists()


def test_what_is_planned_is_created_in_the_region_that_is_named(tmp_path: Path) -> None:
    bundle, region = write_small(tmp_path / "small.discern"), "eu-west-1"
    with aws_environment("us-east-1"), mock_aws():
        trust = '{"Version": "2012-10-17", "Statement": []}'
        role = boto3.client("iam").create_role(RoleName="answers", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        function = boto3.client("lambda", region_name=region).create_function(
            FunctionName="answers", Role=role, Handler="a.b", Runtime="python3.12", Code={"ZipFile": b"x"}
        )["FunctionArn"]
        boto3.client("s3").create_bucket(Bucket="pictures")
        created = ship("workflow", bundle, yes=True, region=region, function=function, bucket="pictures").to_json()
        assert f":{region}:" in created["created"]["state_machine"]
        assert boto3.client("stepfunctions").list_state_machines()["stateMachines"] == []


def test_a_plan_says_that_the_bucket_s_events_are_switched_on_by_hand(tmp_path: Path) -> None:
    bundle = write_small(tmp_path / "small.discern")
    options = {"cache": tmp_path / "cache", "wheels": write_wheels(tmp_path / "wheels")}
    for bucket in (None, "pictures"):
        steps = ship("lambda", bundle, bucket=bucket, **options).to_json()["plan"]
        said = [step["text"] for step in steps if "EventBridge" in step["text"]]
        assert len(said) == (bucket is not None)
        assert all("let pictures send its events" in text for text in said)


def test_a_full_folder_for_temporary_files_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = write_small(tmp_path / "small.discern")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(UsageError, match="folder for temporary files") as raised:
        ship("workflow", bundle, threshold=0.9)
    assert "--out" in raised.value.hint
