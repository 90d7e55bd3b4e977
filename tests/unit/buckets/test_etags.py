"""Files are compared with objects by the ETag, however the object was written."""

import hashlib
from pathlib import Path

import pytest

from discern.buckets.etags import MIB, PART_BYTES, matches, part_md5, part_size
from discern.buckets.object_store import ObjectFacts, RemoteObject


def etag_of_parts(data: bytes, size: int) -> str:
    digests = [bytes.fromhex(part_md5(data[at : at + size])) for at in range(0, len(data), size)]
    return f"{part_md5(b''.join(digests))}-{len(digests)}"


def refuse(found: RemoteObject) -> ObjectFacts:
    raise AssertionError(found)


@pytest.mark.parametrize("size", [5 * MIB, 8 * MIB, PART_BYTES])
def test_usual_parts_are_recognised(size: int, tmp_path: Path) -> None:
    data = bytes(size) + b"more"
    found = RemoteObject("a", len(data), etag_of_parts(data, size))
    (tmp_path / "a").write_bytes(data)
    assert matches(data, found, refuse)
    assert matches(tmp_path / "a", found, refuse)
    assert matches(data[:-1], found, refuse) is False  # by its size


def test_a_single_digest_is_compared() -> None:
    found = RemoteObject("a", 3, part_md5(b"abc"))
    assert matches(b"abc", found, refuse)
    assert matches(b"abd", found, lambda _: ObjectFacts()) is False


def test_what_the_store_knows_decides_about_other_etags() -> None:
    data = bytes(3 * 7)
    odd = RemoteObject("a", len(data), etag_of_parts(data, 7))
    other = data[:-1] + b"!"
    assert matches(data, odd, lambda _: ObjectFacts(part_bytes=7))
    assert matches(other, odd, lambda _: ObjectFacts(part_bytes=7)) is False
    assert matches(data, odd, lambda _: ObjectFacts()) is None
    encrypted = RemoteObject("a", len(data), hashlib.md5(b"key", usedforsecurity=False).hexdigest())
    assert matches(data, encrypted, lambda _: ObjectFacts(is_encrypted=True)) is None
    assert matches(data, encrypted, lambda _: ObjectFacts()) is False


def test_no_file_has_more_parts_than_a_bucket_allows() -> None:
    for size in (1, 10_000 * PART_BYTES, 10_000 * PART_BYTES + 1, 5 << 40):
        assert -(-size // part_size(size)) <= 10_000
