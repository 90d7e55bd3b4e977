"""AWS services in memory, also for other processes."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import boto3
from examples.relayed_services import CREDENTIALS, REGION, relayed_services
from moto import mock_aws

__all__ = ["CREDENTIALS", "REGION", "cloud_services", "relayed_services"]


@contextmanager
def cloud_services() -> Iterator[Mapping[str, str]]:
    """Context manager for services in memory, used here through boto3 and elsewhere with the variables it yields."""
    former = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    boto3.setup_default_session()
    try:
        with mock_aws(), relayed_services() as variables:
            yield variables
    finally:
        for name, value in former.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
