"""Captured answers are read from a bucket as from a folder."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

import discern
from discern.errors import CatalogError, UsageError
from tests.unit.catalog.factories import captured, picture

HOUR = "endpoint/AllTraffic/2026/11/29/10"
FAKE = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def bucket() -> Iterator[Any]:
    before = dict(os.environ)
    os.environ.update(FAKE)
    os.environ.pop("AWS_ENDPOINT_URL", None)
    try:
        with mock_aws():
            client = boto3.client("s3")
            client.create_bucket(Bucket="traffic")
            yield client
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Several records in each of several files, some without a time, one damaged line and one compressed file."""
    root = tmp_path / "capture"
    for number in range(3):
        place = root / f"{HOUR[:-2]}{10 + number}" / "a.jsonl"
        place.parent.mkdir(parents=True)
        lines = [
            captured(picture(40 * number + each), event=f"e{number}{each}", output=[0.2, 0.8], time=None)
            for each in range(3)
        ]
        place.write_bytes(b"".join(lines))
    (root / HOUR / "b.jsonl").write_bytes(captured(picture(9), event="b", output=[0.9, 0.1]) + b"{broken\n")
    (root / HOUR / "old.jsonl.gz").write_bytes(b"\x1f\x8b")
    (root / HOUR / "notes.txt").write_text("not copied")
    return root


def upload(client: Any, folder: Path, prefix: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            key = f"{prefix}{path.relative_to(folder).as_posix()}"
            client.put_object(Bucket="traffic", Key=key, Body=path.read_bytes())


@pytest.mark.parametrize("prefix", ["", "a/capture/"])
def test_a_bucket_is_read_as_a_folder(bucket: Any, folder: Path, prefix: str, tmp_path: Path) -> None:
    upload(bucket, folder, prefix)
    bucket.put_object(Bucket="traffic", Key="a/capture-2/x.jsonl", Body=captured(picture(1), output=[1.0]))
    bucket.put_object(Bucket="traffic", Key=f"{prefix}empty/", Body=b"")
    if not prefix:
        bucket.delete_object(Bucket="traffic", Key="a/capture-2/x.jsonl")
    address = f"s3://traffic/{prefix}".rstrip("/")
    local = discern.captured(folder, threshold=0.85, out=tmp_path / "folder.html").to_json()
    for given in (address, f"{address}/"):
        page = tmp_path / f"{len(given)}.html"
        found = discern.captured(given, threshold=0.85, out=page).to_json()
        assert found | {"source": local["source"], "page": local["page"]} == local
        assert found["source"] == given
        text = page.read_text("utf-8")
        assert text.count("data:image/jpeg") == (tmp_path / "folder.html").read_text("utf-8").count("data:image/jpeg")
        assert f"<h1>{given.rstrip('/').rpartition('/')[2]}</h1>" in text
        assert "discern-captured-" not in text  # the copies are gone, and nothing names them
    assert [each["path"].rpartition("/")[2] for each in local["damaged"]] == ["b.jsonl", "old.jsonl.gz"]
    assert "compressed" in local["damaged"][1]["message"]
    assert len(local["answers"]) == 10


def test_one_object_is_read(bucket: Any, folder: Path) -> None:
    upload(bucket, folder, "")
    result = discern.captured(f"s3://traffic/{HOUR}/b.jsonl")
    assert [each["path"] for each in result.answers] == ["b.jsonl!/b.png"]
    assert result.source == f"s3://traffic/{HOUR}/b.jsonl"


def test_keys_cannot_leave_the_folder_of_the_copies(bucket: Any) -> None:
    for number, key in enumerate(["../up.jsonl", "a/../../../up.jsonl", "/rooted.jsonl", "a//b.jsonl", "./c.jsonl"]):
        body = captured(picture(number), event=f"e{number}", output=[0.5, 0.5])
        bucket.put_object(Bucket="traffic", Key=key, Body=body)
    assert len(discern.captured("s3://traffic").answers) == 5


@pytest.mark.parametrize(
    ("address", "error", "match"),
    [
        ("s3://traffic/absent", CatalogError, "s3://traffic/absent does not exist"),
        ("s3://traffic/not", CatalogError, "s3://traffic/not does not exist"),
        ("s3://traffic/notes", CatalogError, "s3://traffic/notes has no captured request"),
        ("s3://traffic/empty", CatalogError, "s3://traffic/empty has no captured request"),
        ("s3://absent-bucket", UsageError, "NoSuchBucket"),
        ("s3://No_Bucket!", UsageError, "Invalid bucket name"),
        ("s3:///key", UsageError, "not an address in a bucket"),
        ("gs://traffic/capture", UsageError, "gcloud storage cp"),
    ],
)
def test_what_cannot_be_read_is_named(bucket: Any, address: str, error: type[Exception], match: str) -> None:
    bucket.put_object(Bucket="traffic", Key="notes/a.txt", Body=b"a")
    bucket.put_object(Bucket="traffic", Key="empty/a.jsonl", Body=b"")
    with pytest.raises(error, match=match) as raised:
        discern.captured(address)
    assert "discern-captured-" not in str(raised.value)


def test_without_credentials_the_remedy_is_named(bucket: Any, tmp_path: Path) -> None:
    for name in FAKE:
        os.environ.pop(name, None)
    os.environ.update(AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true", HOME=str(tmp_path))
    os.environ.update(AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "none"), AWS_CONFIG_FILE=str(tmp_path / "none"))
    with pytest.raises(UsageError, match="No AWS credentials are set"):
        discern.captured("s3://traffic")
