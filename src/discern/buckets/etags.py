"""Comparison of files with objects by their ETags: MD5 digests of their content, or of the digests of their parts."""

import hashlib
import io
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from discern.buckets.object_store import ObjectFacts, RemoteObject

MIB = 1 << 20
PART_BYTES = 16 * MIB
"""Size of the parts of a large file."""

# Those of boto3 and the AWS CLI, of obstore, and of others.
_USUAL_PARTS = tuple(size * MIB for size in (8, 5, 10, 15, 32, 64, 100, 128, 256, 512))
_MOST_PARTS = 10_000
_MD5 = re.compile(r"[0-9a-f]{32}")
_OF_PARTS = re.compile(r"[0-9a-f]{32}-([0-9]{1,5})")


def part_size(size: int) -> int:
    """Return the size of the parts of a file, of which a bucket allows 10,000.

    >>> part_size(500 << 20) >> 20, part_size(1 << 40) >> 20
    (16, 112)
    """
    smallest = -(-size // _MOST_PARTS)
    return max(PART_BYTES, -(-smallest // PART_BYTES) * PART_BYTES)


def matches(content: bytes | Path, found: RemoteObject, describe: Callable[[RemoteObject], ObjectFacts]) -> bool | None:
    """Return whether data, or a file, are the content of an object; None if nothing tells.

    Args:
        content: data, or the path of a file.
        found: the object.
        describe: called if the ETag does not match, as it may be none of the content.

    Raises:
        OSError: the file cannot be read.
    """
    if _size(content) != found.size:
        return False
    usual = (part_size(found.size), *_USUAL_PARTS)
    if _has_md5(content, found.etag) or any(_has_parts(content, found.etag, size) for size in dict.fromkeys(usual)):
        return True
    facts = describe(found)
    if facts.is_encrypted:
        return None
    if facts.part_bytes is not None:
        return _has_parts(content, found.etag, facts.part_bytes)
    return False if _MD5.fullmatch(found.etag) else None


def file_md5(path: Path) -> str:
    """Return the MD5 digest of a file, in hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: _md5(b"")).hexdigest()


def part_md5(data: bytes) -> str:
    """Return the MD5 digest of a part, in hexadecimal digits."""
    return _md5(data).hexdigest()


def _md5(data: bytes) -> "hashlib._Hash":
    # The protocol's checksum against damage; nothing here relies on it against an attacker.
    return hashlib.md5(data, usedforsecurity=False)


def _size(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _has_md5(content: bytes | Path, digest: str) -> bool:
    if not _MD5.fullmatch(digest):
        return False
    return (part_md5(content) if isinstance(content, bytes) else file_md5(content)) == digest


def _has_parts(content: bytes | Path, etag: str, length: int) -> bool:
    """Return True if an ETag is that of the content in parts of a given size."""
    found = _OF_PARTS.fullmatch(etag)
    if found is None or -(-_size(content) // length) != int(found[1]):
        return False
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        digests = [_md5(part).digest() for part in iter(partial(file.read, length), b"")]
    return f"{_md5(b''.join(digests)).hexdigest()}-{len(digests)}" == etag
