"""Stacks of AWS CloudFormation, created or updated from the templates that plans write."""

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from discern.buckets.account_clients import AccountClients, error_code, plain_errors
from discern.errors import UsageError
from discern.shipping.aws.resource_kind import BUNDLE_TAG, bundle_of, pages

WAIT = {"Delay": 5, "MaxAttempts": 360}
"""Seconds between two looks at a stack, and how often it is looked at; not tuned."""

_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
_MOST_INLINE = 51_200  # bytes of a template, of CloudFormation
_STUCK = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS")
_UNCHANGED = "No updates are to be performed"
_CLOSED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def deploy_stack(
    clients: AccountClients,
    name: str,
    body: str,
    *,
    tags: Mapping[str, str],
    parameters: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Create the stack of a template, or update it, and return its outputs by name.

    Args:
        clients: clients of the account.
        name: name of the stack.
        body: the template.
        tags: tags of everything that is created; a stack with another bundle's tag is not changed.
        parameters: values of the template's parameters.

    Raises:
        UsageError: AWS refuses, the stack is of another bundle or in a state in which it cannot be changed, or it
            cannot be created.
    """
    with plain_errors():
        existing = _find(clients, name)
        if existing is not None:
            _require_changeable(name, existing, tags)
        given = {
            "StackName": name,
            "Capabilities": list(_CAPABILITIES),
            "Tags": tag_list(tags),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()],
            **_template(clients, name, body, tags),
        }
        if existing is None:
            clients["cloudformation"].create_stack(**given)
            _wait(clients, name, "stack_create_complete", tags)
        elif _update(clients, given):
            _wait(clients, name, "stack_update_complete", tags)
        [stack] = clients["cloudformation"].describe_stacks(StackName=name)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def upload_package(clients: AccountClients, stack: str, content: Path, *, tags: Mapping[str, str]) -> str:
    """Upload a file to the private bucket of a stack's packages, which is created if it is missing.

    Args:
        clients: clients of the account.
        stack: name of the stack.
        content: path of the file.
        tags: tags of the bucket.

    Returns:
        Address of the object, such as `s3://bucket/key`.

    Raises:
        UsageError: AWS refuses.
    """
    with plain_errors():
        bucket = _package_bucket(clients, stack, tags)
        key = f"{stack}/{hashlib.sha256(content.read_bytes()).hexdigest()[:16]}{content.suffix}"
        clients["s3"].upload_file(str(content), bucket, key)
    return f"s3://{bucket}/{key}"


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form of most services."""
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def _package_bucket(clients: AccountClients, stack: str, tags: Mapping[str, str]) -> str:
    """Return the name of a bucket that belongs to one stack alone, so that both are removed together."""
    client = clients["s3"]
    account = clients["sts"].get_caller_identity()["Account"]
    digest = hashlib.sha256(stack.encode()).hexdigest()[:8]
    name = f"{stack[:20].rstrip('-')}-{digest}-{account}-{clients.region}"
    if name not in [each["Name"] for each in client.list_buckets()["Buckets"]]:
        place = (
            {}
            if clients.region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": clients.region}}
        )
        client.create_bucket(Bucket=name, **place)
    # Also for a bucket whose creation was interrupted.
    client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags)})
    client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(_CLOSED, True))
    return name


def _template(clients: AccountClients, name: str, body: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Return a template as an argument; one that is too long for a call is uploaded."""
    data = body.encode()
    if len(data) <= _MOST_INLINE:
        return {"TemplateBody": body}
    bucket = _package_bucket(clients, name, tags)
    key = f"{name}/{hashlib.sha256(data).hexdigest()[:16]}.yaml"
    clients["s3"].put_object(Bucket=bucket, Key=key, Body=data)
    endpoint = clients["s3"].meta.endpoint_url.rstrip("/")
    return {"TemplateURL": f"{endpoint}/{bucket}/{key}"}


def _find(clients: AccountClients, name: str) -> dict[str, Any] | None:
    found = (
        each for each in pages(clients, "cloudformation", "describe_stacks", "Stacks") if each["StackName"] == name
    )
    return next((each for each in found if each["StackStatus"] != "DELETE_COMPLETE"), None)


def _require_changeable(name: str, stack: Mapping[str, Any], tags: Mapping[str, str]) -> None:
    state, bundle = stack["StackStatus"], bundle_of(stack.get("Tags"))
    if bundle != tags.get(BUNDLE_TAG):
        owner = "not created by Discern" if bundle is None else f"of the bundle {bundle!r}"
        hint = "Remove it first, or give the bundle another name."
        raise UsageError(f"There is already a stack {name}, which is {owner}.", hint=hint)
    if state in _STUCK:
        raise UsageError(
            f"The stack {name} is in the state {state}, after an attempt that failed, and cannot be updated.",
            hint=f"Delete it by {_removal(name, tags)}, and run the command again.",
        )
    if state.endswith("_IN_PROGRESS"):
        hint = "Wait until that has ended, and run the command again."
        raise UsageError(f"The stack {name} is being changed ({state}).", hint=hint)
    if state == "UPDATE_ROLLBACK_FAILED":
        hint = f"Run `aws cloudformation continue-update-rollback --stack-name {name}`, and the command again."
        raise UsageError(f"The stack {name} is in the state {state}.", hint=hint)


def _update(clients: AccountClients, given: Mapping[str, Any]) -> bool:
    """Start the update of a stack, and return False if there is nothing to update."""
    client = clients["cloudformation"]
    try:
        client.update_stack(**given)
    except client.exceptions.ClientError as error:
        if error_code(error) == "ValidationError" and _UNCHANGED in str(error):
            return False
        raise
    return True


def _removal(name: str, tags: Mapping[str, str]) -> str:
    everything = f"discern ship down {shlex.quote(tags[BUNDLE_TAG])} --yes"
    return f"`aws cloudformation delete-stack --stack-name {name}`, or all of the bundle's by `{everything}`"


def _wait(clients: AccountClients, name: str, waiter: str, tags: Mapping[str, str]) -> None:
    from botocore.exceptions import WaiterError  # noqa: PLC0415 - an extra of the installation

    try:
        clients["cloudformation"].get_waiter(waiter).wait(StackName=name, WaiterConfig=WAIT)
    except WaiterError as error:
        reason = first_failure(clients, name) or str(error).rstrip(".")
        done = "updated" if "update" in waiter else "created"
        hint = "Correct that, and run the command again."
        if done == "created":
            hint = f"Correct that, delete what is left by {_removal(name, tags)}, and run the command again."
        raise UsageError(f"The stack {name} cannot be {done}: {reason}.", hint=hint) from error


def first_failure(clients: AccountClients, name: str) -> str | None:
    """Return the reason of the failure that came first in the latest change of a stack; None if there is none.

    Args:
        clients: clients of the account.
        name: name of the stack.
    """
    first = None
    # The latest event comes first.
    for each in pages(clients, "cloudformation", "describe_stack_events", "StackEvents", StackName=name):
        reason = each.get("ResourceStatusReason", "")
        if each["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason:
            first = f"{each['LogicalResourceId']} ({each['ResourceType']}): {reason}".rstrip(". ")
        if reason == "User Initiated":
            break
    return first
