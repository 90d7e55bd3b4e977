"""Upload of a site: each file arrives with its type and caching."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from examples.aws_environment import aws_environment
from moto import mock_aws

from discern.buckets.account_clients import AccountClients
from discern.errors import UsageError
from discern.shipping.aws.site_stack import create_site, upload_site

UPLOAD = """[
 {"path": "page/main.js", "content_type": "text/javascript; charset=utf-8", "cache_control": "no-cache"},
 {"path": "index.html", "content_type": "text/html; charset=utf-8", "cache_control": "no-cache"}
]"""

DISTRIBUTION: Any = {
    "CallerReference": "1",
    "Origins": {
        "Quantity": 1,
        "Items": [
            {"Id": "b", "DomainName": "the-site.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
        ],
    },
    "DefaultCacheBehavior": {"TargetOriginId": "b", "ViewerProtocolPolicy": "https-only"},
    "Comment": "",
    "Enabled": True,
}


@pytest.fixture
def storage() -> Iterator[Any]:
    with aws_environment(), mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="the-site")
        yield client


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site/page").mkdir(parents=True)
    (tmp_path / "site/index.html").write_text("<html></html>")
    (tmp_path / "site/page/main.js").write_text("1;")
    (tmp_path / "upload.json").write_text(UPLOAD)
    return tmp_path


def test_files_are_uploaded_with_their_headers(storage: Any, site: Path) -> None:
    upload_site(AccountClients(), site, "the-site")
    found = storage.list_objects_v2(Bucket="the-site")["Contents"]
    assert [each["Key"] for each in found] == ["index.html", "page/main.js"]
    script = storage.get_object(Bucket="the-site", Key="page/main.js")
    assert (script["ContentType"], script["CacheControl"]) == ("text/javascript; charset=utf-8", "no-cache")
    assert script["Body"].read() == b"1;"


def test_what_aws_refuses_is_a_clear_error(storage: Any, site: Path) -> None:
    outputs = "Outputs: {BucketName: {Value: missing-bucket}, DistributionId: {Value: E1}}\n"
    (site / "template.yaml").write_text(f"Resources: {{}}\n{outputs}")
    with pytest.raises(UsageError, match=r"AWS refused PutObject \(NoSuchBucket\)"):
        create_site("s", site, tags={"discern:bundle": "x"})


def test_a_site_is_uploaded_and_its_earlier_copies_are_removed_again_at_each_update(storage: Any, site: Path) -> None:
    clients = AccountClients()
    found = clients["cloudfront"].create_distribution(DistributionConfig=DISTRIBUTION)["Distribution"]["Id"]
    outputs = f"Outputs: {{BucketName: {{Value: the-site}}, DistributionId: {{Value: {found}}}}}\n"
    (site / "template.yaml").write_text(f"Resources: {{}}\n{outputs}")
    for number in (1, 2):
        created = create_site("s", site, tags={"discern:bundle": "x"})
        assert created == {"stack": "s", "BucketName": "the-site", "DistributionId": found}
        removed = clients["cloudfront"].list_invalidations(DistributionId=found)["InvalidationList"]["Items"]
        assert len(removed) == number
        os.utime(site / "upload.json", ns=(number, number))
    assert storage.get_object(Bucket="the-site", Key="index.html")["Body"].read() == b"<html></html>"
