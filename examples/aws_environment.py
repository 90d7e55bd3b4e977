"""Environment variables of an AWS account that does not exist."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

REGION = "us-east-1"
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def without_aws(environment: dict[str, str]) -> dict[str, str]:
    """Return an environment without credentials, region or settings of AWS."""
    kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    return kept | {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_CONFIG_FILE": os.devnull}


@contextmanager
def aws_environment(region: str = REGION) -> Iterator[None]:
    """Context manager for an environment with invented credentials, whose changes are undone."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(without_aws(before) | _CREDENTIALS | {"AWS_DEFAULT_REGION": region})
    boto3.setup_default_session()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
