"""Bucket of an S3 server in memory, for tests and benchmarks of transfers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from examples.aws_environment import aws_environment

from tests.cloud_services import cloud_services

BUCKET = "photos"


@contextmanager
def bucket_server() -> Iterator[str]:
    """Context manager for a server with an empty bucket, used with the variables that it sets; yields its URL."""
    with aws_environment(), cloud_services() as variables:
        os.environ.update(variables)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield variables["AWS_ENDPOINT_URL"]


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Context manager for environment variables."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
