"""Role, topic and state machine of a workflow in an AWS account."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from discern.errors import UsageError
from discern.shipping.aws.boto_client import open_client
from discern.shipping.workflow.task_states import substitute
from discern.shipping.workflow.workflow_template import task_policy, trust_policy

_POLICY = "run-tasks"
_ROLE_SECONDS, _PAUSE = 60, 2.0  # not tuned: a new role is known everywhere after some seconds
_ROLE_UNKNOWN = "AccessDeniedException"


def create_workflow(
    definition: str, *, name: str, function: str, access: Mapping[str, Any], notify: bool, tags: Mapping[str, str]
) -> dict[str, Any]:
    """Create a workflow, or bring an earlier one of its name up to date.

    Args:
        definition: the state machine with its placeholders.
        name: name of the state machine and of its role.
        function: ARN of the Lambda function.
        access: policy that gives the function's role access to the pictures.
        notify: whether it publishes notices.
        tags: tags of every resource.

    Returns:
        `state_machine`, `role` and `topic`: their ARNs; the topic is None without notices.

    Raises:
        UsageError: AWS cannot be reached, or refuses.
    """
    with aws_errors():
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        topic = open_client("sns").create_topic(Name=name, Tags=listed)["TopicArn"] if notify else None
        role = _create_role(name, function, topic, listed)
        _give_access(name, function, access)
        text = substitute(definition, function=function, topic=topic)
        machine = _create_machine(name, text, role, [{key.lower(): each[key] for key in each} for each in listed])
    return {"state_machine": machine, "role": role, "topic": topic}


def _create_role(name: str, function: str, topic: str | None, tags: list[dict[str, str]]) -> str:
    iam = open_client("iam")
    account = open_client("sts").get_caller_identity()["Account"]
    try:
        trust = json.dumps(trust_policy(account))
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=tags)["Role"]
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName=name)["Role"]
        iam.tag_role(RoleName=name, Tags=tags)
    iam.put_role_policy(RoleName=name, PolicyName=_POLICY, PolicyDocument=json.dumps(task_policy(function, topic)))
    return str(role["Arn"])


def _give_access(name: str, function: str, access: Mapping[str, Any]) -> None:
    """Add a policy to the role of the function."""
    role = open_client("lambda").get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2]
    policy = json.dumps(access)
    open_client("iam").put_role_policy(RoleName=role, PolicyName=f"{name}-pictures", PolicyDocument=policy)


def _create_machine(name: str, definition: str, role: str, tags: list[dict[str, str]]) -> str:
    states = open_client("stepfunctions")
    pages = states.get_paginator("list_state_machines").paginate()
    for found in (each for page in pages for each in page["stateMachines"]):
        if found["name"] == name:
            arn = found["stateMachineArn"]
            states.update_state_machine(stateMachineArn=arn, definition=definition, roleArn=role)
            states.tag_resource(resourceArn=arn, tags=tags)
            return str(arn)
    end = time.monotonic() + _ROLE_SECONDS
    while True:
        try:
            created = states.create_state_machine(name=name, definition=definition, roleArn=role, tags=tags)
        except states.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != _ROLE_UNKNOWN or time.monotonic() > end:
                raise
            time.sleep(_PAUSE)
        else:
            return str(created["stateMachineArn"])


@contextmanager
def aws_errors() -> Iterator[None]:
    """Context manager that translates the errors of boto3 for the user of a command."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004, PLC0415
    except ImportError:  # `open_client` names the remedy
        yield
        return
    try:
        yield
    except (HTTPClientError, ConnectionError) as error:
        hint = "Check the network, AWS_REGION and AWS_ENDPOINT_URL."
        raise UsageError(f"AWS cannot be reached: {str(error).rstrip('.')}.", hint=hint) from error
    except (ClientError, BotoCoreError) as error:
        hint = "Check the account (AWS_PROFILE or AWS_ACCESS_KEY_ID) and its permissions."
        raise UsageError(f"AWS refused: {str(error).rstrip('.')}.", hint=hint) from error
