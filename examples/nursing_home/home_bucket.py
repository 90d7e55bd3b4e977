"""Bucket in the memory of this process, which a server on the loopback interface makes accessible."""

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws

from examples.aws_environment import aws_environment
from examples.relayed_services import relayed_services

BUCKET = "home"


@contextmanager
def home_bucket() -> Iterator[None]:
    """Context manager for an empty bucket `home`, which `s3://` addresses in this process refer to."""
    with aws_environment(), mock_aws(), relayed_services() as variables:
        os.environ.update(variables)
        boto3.setup_default_session()
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield


def parts_of(key: str) -> int:
    """Return the number of parts that an object was uploaded in, which the end of its ETag tells; 1 for a plain one."""
    etag = boto3.client("s3").head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')
    return int(etag.partition("-")[2] or 1)


def write_archive(path: Path, **folders: Path) -> Path:
    """Write folders into a tar file, each under its name, and return its path."""
    with tarfile.open(path, "w") as archive:
        for name, folder in folders.items():
            archive.add(folder, arcname=name, filter=_without_owner)
    return path


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def figures(transfer: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of a transfer, with its rate if anything was transferred."""
    found = {name: transfer[name] for name in ("files", "bytes", "seconds", "resumed")}
    if found["resumed"]:
        return found
    return found | {"megabytes_per_second": round(found["bytes"] / 1e6 / max(found["seconds"], 0.001), 1)}
