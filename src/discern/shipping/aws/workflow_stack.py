"""Stack of a workflow on AWS, created from its template by CloudFormation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from discern.buckets.account_clients import AccountClients, error_code, plain_errors
from discern.errors import UsageError
from discern.shipping.aws.account_stack import deploy_stack


def create_workflow(
    name: str, template: Path, *, function: str, bucket: str, tags: Mapping[str, str]
) -> dict[str, Any]:
    """Create the stack of a workflow, or bring an earlier one up to date.

    Args:
        name: name of the stack.
        template: path of the template.
        function: ARN, or name, of the Lambda function that runs the tasks.
        bucket: bucket of the pictures, to which the function's role is given access.
        tags: tags of everything that is created.

    Returns:
        `stack`, and `state_machine`, `role` and `topic`: their ARNs; the topic is None without notices.

    Raises:
        UsageError: AWS cannot be reached, or refuses.
    """
    clients = AccountClients()
    with plain_errors():
        found = clients["lambda"].get_function_configuration(FunctionName=function)
        _require_bucket(clients, bucket)
    arn = function if function.startswith("arn:") else found["FunctionArn"]
    role = found["Role"].rpartition("/")[2]
    parameters = {"FunctionArn": arn, "FunctionRoleName": role, "BucketName": bucket}
    outputs = deploy_stack(clients, name, template.read_text(encoding="utf-8"), tags=tags, parameters=parameters)
    return {
        "stack": name,
        "state_machine": outputs["StateMachineArn"],
        "role": outputs["RoleArn"],
        "topic": outputs.get("TopicArn"),
    }


def _require_bucket(clients: AccountClients, bucket: str) -> None:
    """Require that a bucket exists; who creates a workflow need not have access to it."""
    client = clients["s3"]
    try:
        client.head_bucket(Bucket=bucket)
    except client.exceptions.ClientError as error:
        if error_code(error) in ("404", "NoSuchBucket"):
            raise UsageError(f"There is no bucket {bucket}.", hint="Create it, or correct --bucket.") from error
