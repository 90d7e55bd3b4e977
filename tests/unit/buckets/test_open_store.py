"""The store of an address is the bucket that it names; without the libraries, the message names the command."""

import os
import subprocess
import sys

import pytest
from examples.aws_environment import aws_environment

from discern.buckets.bucket_address import BucketAddress
from discern.buckets.open_store import open_store

WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
from discern.cli import main
main(["predict", "s3://shop/model.discern", "a.jpg"])
"""


def test_the_bucket_of_the_address_is_opened() -> None:
    with aws_environment():
        os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
        assert open_store(BucketAddress("shop", "a")).identity == "http://127.0.0.1:9/shop"


@pytest.mark.parametrize("library", ["boto3", "obstore"])
def test_missing_libraries_are_named_with_their_command(library: str) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT, library], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "not installed" in done.stderr
    assert "pip install boto3" in done.stderr
