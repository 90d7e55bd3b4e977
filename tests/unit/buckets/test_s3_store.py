"""Buckets of a server that speaks S3's protocol: the contract, faults of the network, and messages."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import boto3
import pytest

from discern.buckets.etags import PART_BYTES, matches
from discern.buckets.object_store import ObjectStore, RemoteObject
from discern.buckets.s3_store import S3Store
from discern.buckets.testing import ObjectStoreContract
from discern.errors import DiscernError, UsageError
from tests.bucket_server import BUCKET, bucket_server, environment
from tests.faulty_proxy import faulty_proxy

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with bucket_server() as url:
        yield url


def new_store() -> S3Store:
    name = f"bucket-{next(_NUMBERS)}"
    boto3.client("s3").create_bucket(Bucket=name)
    return S3Store(name)


@pytest.mark.usefixtures("server")
class TestS3Store(ObjectStoreContract):
    def store(self) -> ObjectStore:
        return new_store()


@pytest.mark.parametrize("fault", ["refuse", "drop", "cut", "slow"])
def test_faults_of_the_network_are_survived(fault: str, server: str) -> None:
    name = new_store().identity.rpartition("/")[2]
    numbers = count(1)
    with (
        faulty_proxy(server, lambda *_: fault if next(numbers) % 3 == 0 else None) as proxy,
        environment(AWS_ENDPOINT_URL=proxy.url),
    ):
        store = S3Store(name)
        for number in range(6):
            store.write(f"{number}.jpg", b"content %d" % number)
        found = list(store.list(""))
        assert [store.read(each, 0, each.size) for each in found] == [b"content %d" % number for number in range(6)]
        assert sum(each == fault for _, _, each in proxy.requests) >= 4


def test_an_interrupted_large_upload_continues(server: str, tmp_path: Path) -> None:
    path, name = tmp_path / "large", new_store().identity.rpartition("/")[2]
    path.write_bytes(bytes(3 * PART_BYTES + 5))
    with faulty_proxy(server, lambda *_: None) as proxy, environment(AWS_ENDPOINT_URL=proxy.url):
        store = S3Store(name)
        with pytest.raises(KeyboardInterrupt):
            store.write_file("large", path, _interrupt)
        assert list(store.list("")) == []
        first = sum(method == "PUT" for method, _, _ in proxy.requests)
        store.write_file("large", path, lambda _: None)
        second = sum(method == "PUT" for method, _, _ in proxy.requests) - first
    assert first >= 1
    assert first + second == 4
    [found] = store.list("")
    assert matches(path, found, store.describe)


def _interrupt(count: int) -> None:
    raise KeyboardInterrupt


def test_parts_of_another_content_are_not_used(tmp_path: Path) -> None:
    store, path = new_store(), tmp_path / "large"
    path.write_bytes(bytes(PART_BYTES + 5))
    with pytest.raises(KeyboardInterrupt):
        store.write_file("large", path, _interrupt)
    path.write_bytes(b"\1" * (PART_BYTES + 5))
    store.write_file("large", path, lambda _: None)
    [found] = store.list("")
    assert store.read(found, 0, 1) == b"\1"
    assert matches(path, found, store.describe)


def test_a_missing_bucket_is_named() -> None:
    with pytest.raises(UsageError, match="There is no bucket 'no-such-bucket'") as raised:
        list(S3Store("no-such-bucket").list(""))
    assert "AWS_ENDPOINT_URL" in raised.value.hint


def test_missing_credentials_are_named() -> None:
    with (
        environment(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""),
        pytest.raises(UsageError, match="No AWS credentials are set"),
    ):
        S3Store(BUCKET)


def test_a_server_that_is_down_is_named() -> None:
    with (
        environment(AWS_ENDPOINT_URL="http://127.0.0.1:9"),
        pytest.raises(UsageError, match="AWS cannot be reached") as raised,
    ):
        list(S3Store(BUCKET).list(""))
    assert "AWS_ENDPOINT_URL" in raised.value.hint


def test_a_missing_region_is_no_problem() -> None:
    with environment(AWS_DEFAULT_REGION="", AWS_REGION=""):
        assert list(S3Store(BUCKET).list("nothing")) == []


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "SignatureDoesNotMatch", "does not accept the credentials"),
        (403, "AccessDenied", "do not permit"),
        (400, "ExpiredToken", "have expired"),
    ],
)
def test_refusals_are_named(status: int, code: str, message: str, server: str) -> None:
    answer = (status, f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode())
    found = RemoteObject("a.jpg", 3, "0" * 32)
    with (
        faulty_proxy(server, lambda *_: answer) as proxy,
        environment(AWS_ENDPOINT_URL=proxy.url),
    ):
        with pytest.raises(UsageError, match=message):
            list(S3Store(BUCKET).list(""))
        for call in (lambda store: store.write("a.jpg", b"a"), lambda store: store.read(found, 0, 3)):
            with pytest.raises(DiscernError) as raised:
                call(S3Store(BUCKET))
            assert "s3://photos/a.jpg" in raised.value.message
            assert raised.value.hint
