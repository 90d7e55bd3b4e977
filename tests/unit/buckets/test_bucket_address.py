"""Addresses in buckets are parsed, whatever `Path` has done to them, and never taken for paths."""

from pathlib import Path

import pytest

from discern.buckets.bucket_address import BucketAddress, find_bucket_address
from discern.errors import UsageError


@pytest.mark.parametrize(
    ("given", "text", "name"),
    [
        ("s3://shop/photos/2026/", "s3://shop/photos/2026", "2026"),
        ("S3://shop/photos", "s3://shop/photos", "photos"),
        ("s3:/shop/photos", "s3://shop/photos", "photos"),
        ("s3://shop", "s3://shop", "shop"),
        ("s3://shop/", "s3://shop", "shop"),
        ("s3://shop/a b/größe#?.zip", "s3://shop/a b/größe#?.zip", "größe#?.zip"),
    ],
)
def test_addresses_are_parsed(given: str, text: str, name: str) -> None:
    address = BucketAddress.parse(given)
    assert (str(address), address.name) == (text, name)
    assert find_bucket_address(given) == find_bucket_address(Path(given)) == address


def test_a_prefix_ends_in_a_slash_unless_it_is_the_whole_bucket() -> None:
    assert BucketAddress.parse("s3://shop/a").prefix == "a/"
    assert BucketAddress.parse("s3://shop").prefix == ""
    assert str(BucketAddress.parse("s3://shop") / "a") == "s3://shop/a"


@pytest.mark.parametrize("given", ["s3://", "s3:/", "s3:///photos", "s3://a b/photos", "s3://shop/\0", "s3://..//x"])
def test_an_invalid_address_is_named(given: str) -> None:
    with pytest.raises(UsageError, match="is not an address in a bucket") as raised:
        find_bucket_address(given)
    assert "s3://bucket/folder" in raised.value.hint


def test_an_overlong_key_is_named() -> None:
    with pytest.raises(UsageError, match="longer than 1,024 bytes"):
        BucketAddress.parse(f"s3://shop/{'ä' * 513}")


@pytest.mark.parametrize("given", ["photos", "s3", "gs://shop/photos", "https://s3://", "/s3:/x", b"s3://shop", None])
def test_anything_else_is_none(given: object) -> None:
    assert find_bucket_address(given) is None
