"""Upload of a site: each file arrives with its type and caching."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from discern.errors import UsageError
from discern.shipping.aws.account_clients import AccountClients
from discern.shipping.aws.site_stack import create_site, upload_site
from tests.aws_environment import aws_environment

UPLOAD = """[
 {"path": "page/main.js", "content_type": "text/javascript; charset=utf-8", "cache_control": "no-cache"},
 {"path": "index.html", "content_type": "text/html; charset=utf-8", "cache_control": "no-cache"}
]"""


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
