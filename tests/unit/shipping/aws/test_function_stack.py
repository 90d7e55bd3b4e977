"""The stack of the function is created with the names and parameters that AWS knows."""

import json
import zipfile
from pathlib import Path

import boto3
import pytest
from examples.aws_environment import aws_environment
from moto import mock_aws

from discern.errors import UsageError
from discern.shipping.aws.function_stack import create_stack

# The SAM transform is AWS's own; what follows it is plain CloudFormation.
TEMPLATE = {
    "Resources": {"Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}}},
    "Outputs": {"Url": {"Value": "https://x"}},
    "Metadata": {"Package": "CodeUri: function.zip"},
}
TAGS = {"discern:bundle": "small", "discern:fingerprint": "0123456789ab"}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    template, package = tmp_path / "template.yaml", tmp_path / "function.zip"
    template.write_text(json.dumps(TEMPLATE))
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("a", "b")
    return template, package


def test_the_package_is_uploaded_and_the_stack_created_and_updated(files: tuple[Path, Path]) -> None:
    with aws_environment("eu-central-1"), mock_aws():
        created = create_stack("discern-small", *files, tags=TAGS)
        bucket, key = created["package"].removeprefix("s3://").split("/", 1)
        assert boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == files[1].read_bytes()
        assert (created["stack"], created["Url"]) == ("discern-small", "https://x")
        [stack] = boto3.client("cloudformation").describe_stacks(StackName="discern-small")["Stacks"]
        assert {each["Key"]: each["Value"] for each in stack["Tags"]} == TAGS
        files[0].write_text(json.dumps(TEMPLATE | {"Description": "new"}))
        assert create_stack("discern-small", *files, tags=TAGS)["Url"] == "https://x"


def test_what_aws_refuses_is_an_error(files: tuple[Path, Path]) -> None:
    message = pytest.raises(UsageError, match="cannot be called with these values")
    with aws_environment("eu-central-1"), mock_aws(), message:
        create_stack("discern-small", *files, tags={"": "an empty key"})
