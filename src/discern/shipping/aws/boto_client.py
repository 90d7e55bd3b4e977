"""Clients of AWS services."""

from typing import Any

from discern.errors import UsageError


def open_client(service: str, *, region: str | None = None) -> Any:
    """Open a client of an AWS service.

    Credentials, region and `AWS_ENDPOINT_URL` are read from the environment as boto3 reads them.

    Args:
        service: name of the service in boto3, such as "s3".
        region: name of the region; None for the one of the environment.

    Raises:
        UsageError: boto3 is not installed, or no region is set.
    """
    try:
        import boto3  # noqa: PLC0415 - only those who use AWS have it
        from botocore.exceptions import NoRegionError  # noqa: PLC0415
    except ImportError as error:
        raise UsageError("AWS is used through boto3, which is not installed.", hint=INSTALL) from error
    try:
        return boto3.client(service, region_name=region)
    except NoRegionError as error:
        raise UsageError("No AWS region is set.", hint="Set AWS_REGION, such as us-east-1.") from error


INSTALL = 'Install it with: pip install "discern-vision[aws]"'
"""Remedy where boto3 is missing."""
