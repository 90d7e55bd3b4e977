"""Stack of a function on AWS, created from its SAM template by CloudFormation."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from discern.errors import UsageError
from discern.shipping.aws.boto_client import open_client

_CODE, _IMAGE = "CodeUri: function.zip", "  ImageUri:\n    Type: String\n"
_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")


def create_stack(name: str, template: Path, package: Path, *, tags: Mapping[str, str]) -> dict[str, Any]:
    """Upload a package and create, or update, the stack of its template.

    Args:
        name: name of the stack.
        template: path of the SAM template.
        package: path of the zip archive.
        tags: tags of everything that is created.

    Returns:
        `stack`, `package` and the outputs of the stack by name.

    Raises:
        UsageError: AWS refuses, or the stack cannot be created.
    """
    with translated_errors(name):
        bucket = _package_bucket(tags)
        key = f"{name}/{hashlib.sha256(package.read_bytes()).hexdigest()[:16]}.zip"
        open_client("s3").upload_file(str(package), bucket, key)
        address = f"s3://{bucket}/{key}"
        body = template.read_text(encoding="utf-8").replace(_CODE, f"CodeUri: {address}")
        return {"stack": name, "package": address, **deploy_stack(name, body, tags)}


def create_image_stack(name: str, template: Path, image: str, *, tags: Mapping[str, str]) -> dict[str, Any]:
    """Create, or update, the stack of a template whose function is a container image.

    Args:
        name: name of the stack.
        template: path of the SAM template.
        image: address of the image in ECR, with its tag.
        tags: tags of everything that is created.

    Returns:
        `stack`, `image` and the outputs of the stack by name.

    Raises:
        UsageError: AWS refuses, or the stack cannot be created.
    """
    body = template.read_text(encoding="utf-8").replace(_IMAGE, f"{_IMAGE}    Default: {image}\n")
    with translated_errors(name):
        return {"stack": name, "image": image, **deploy_stack(name, body, tags)}


def _package_bucket(tags: Mapping[str, str]) -> str:
    """Return the account's bucket for packages, which is created if it is missing."""
    client = open_client("s3")
    account, region = open_client("sts").get_caller_identity()["Account"], client.meta.region_name
    name = f"discern-packages-{account}-{region}"
    if name in [each["Name"] for each in client.list_buckets()["Buckets"]]:
        return name
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, **place)
    closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
    client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": _tag_list(tags)})
    return name


def deploy_stack(name: str, body: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Create, or update, the stack of a template and return its outputs by name."""
    client = open_client("cloudformation")
    existing = [
        each["StackName"] for page in client.get_paginator("describe_stacks").paginate() for each in page["Stacks"]
    ]
    change, done = (
        (client.update_stack, "stack_update_complete")
        if name in existing
        else (client.create_stack, "stack_create_complete")
    )
    change(StackName=name, TemplateBody=body, Capabilities=list(_CAPABILITIES), Tags=_tag_list(tags))
    client.get_waiter(done).wait(StackName=name)
    [stack] = client.describe_stacks(StackName=name)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


@contextmanager
def translated_errors(name: str) -> Iterator[None]:
    """Context manager that converts errors of AWS to `UsageError`."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only those who use AWS have it

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        hint = "Check the credentials, and the events of the stack in CloudFormation."
        raise UsageError(f"The stack {name} cannot be created: {error}", hint=hint) from error
