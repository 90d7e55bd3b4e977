"""Clients of AWS services, with errors that name the remedy."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from discern.errors import UsageError

_INSTALL = "Install it with: pip install 'discern[aws]'"
_ACCOUNT = "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and check their permissions."


def aws_client(service: str) -> Any:
    """Return a client of an AWS service for the account and region of the environment.

    `AWS_ENDPOINT_URL` is honoured.

    Raises:
        UsageError: boto3 is not installed, or no region is set.
    """
    try:
        import boto3  # noqa: PLC0415 - only deployments need it
    except ImportError as error:
        raise UsageError("Deployments to AWS need boto3.", hint=_INSTALL) from error
    with aws_errors():
        return boto3.client(service)


@contextmanager
def aws_errors() -> Iterator[None]:
    """Context manager that converts the errors of AWS calls to `UsageError`."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoRegionError  # noqa: PLC0415

    try:
        yield
    except NoRegionError as error:
        raise UsageError("No AWS region is set.", hint="Set AWS_DEFAULT_REGION, such as us-east-1.") from error
    except HTTPClientError as error:
        raise UsageError(
            f"AWS cannot be reached: {error}.", hint="Check the network, AWS_DEFAULT_REGION and AWS_ENDPOINT_URL."
        ) from error
    except ClientError as error:
        details = error.response.get("Error", {})
        said = f"{details.get('Code', 'error')}: {details.get('Message', error)}".rstrip(".")
        raise UsageError(f"AWS refused {error.operation_name}: {said}.", hint=_ACCOUNT) from error
    except BotoCoreError as error:
        raise UsageError(f"AWS cannot be used: {str(error).rstrip('.')}.", hint=_ACCOUNT) from error
