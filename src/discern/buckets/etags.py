"""Comparison of files with the ETags of objects: MD5 digests of their content, or of the digests of their parts."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

MIB = 1 << 20
PART_BYTES = 16 * MIB
"""Size of the parts of a large file."""

# Those of boto3 and the AWS CLI, of obstore, and of others.
_USUAL_PARTS = tuple(size * MIB for size in (8, 5, 10, 15, 32, 64, 100, 128, 256, 512))
_MOST_PARTS = 10_000
_MD5 = re.compile(r"[0-9a-f]{32}")
_OF_PARTS = re.compile(r"[0-9a-f]{32}-([0-9]{1,5})")
_Split = Callable[[int], Iterable[bytes]]


def part_size(size: int) -> int:
    """Return the size of the parts of a file, of which a bucket allows 10,000.

    >>> part_size(500 << 20) >> 20, part_size(1 << 40) >> 20
    (16, 112)
    """
    smallest = -(-size // _MOST_PARTS)
    return max(PART_BYTES, -(-smallest // PART_BYTES) * PART_BYTES)


def matches_data(data: bytes, etag: str) -> bool | None:
    """Return whether an ETag is that of the data; None if it is no digest that can be computed."""
    if _MD5.fullmatch(etag):
        return _md5(data).hexdigest() == etag
    return _matches_parts(len(data), etag, lambda size: (data[at : at + size] for at in range(0, len(data), size)))


def matches_file(path: Path, etag: str) -> bool | None:
    """Return whether an ETag is that of a file; None if it is no digest that can be computed.

    Raises:
        OSError: the file cannot be read.
    """
    if _MD5.fullmatch(etag):
        return file_md5(path) == etag
    return _matches_parts(path.stat().st_size, etag, lambda size: _parts(path, size))


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


def _matches_parts(size: int, etag: str, split: _Split) -> bool | None:
    """Compare an ETag of parts, whose size it does not say, with the digests for the usual sizes."""
    found = _OF_PARTS.fullmatch(etag)
    if found is None:
        return None
    count = int(found[1])
    for length in dict.fromkeys((part_size(size), *_USUAL_PARTS)):
        if -(-size // length) == count and _etag_of_parts(split(length)) == etag:
            return True
    return None  # a size of parts that is not among the usual ones


def _etag_of_parts(parts: Iterable[bytes]) -> str:
    digests = [_md5(part).digest() for part in parts]
    return f"{_md5(b''.join(digests)).hexdigest()}-{len(digests)}"


def _parts(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(size):
            yield part
