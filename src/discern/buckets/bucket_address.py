"""Addresses in buckets, such as `s3://bucket/photos`."""

import os
import re
from pathlib import Path
from typing import NamedTuple, Self

from discern.errors import UsageError

# `Path` collapses the slashes of an address.
_ADDRESS = re.compile(r"s3:/{1,2}([^/]+)/?(.*)", re.DOTALL | re.IGNORECASE)
_START = re.compile(r"s3:/", re.IGNORECASE)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_LONGEST_KEY = 1024


class BucketAddress(NamedTuple):
    """Address of an object, or of all objects below a prefix.

    Attributes:
        bucket: name of the bucket.
        key: key of the object, or prefix without a slash at its end; "" for the whole bucket.
    """

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse an address.

        Raises:
            UsageError: it has no valid bucket, or the key is too long.
        """
        found = _ADDRESS.fullmatch(text)
        if found is None or not _BUCKET.fullmatch(found[1]) or "\0" in text:
            raise UsageError(f"{text!r} is not an address in a bucket.", hint="Write it like s3://bucket/folder.")
        key = found[2].rstrip("/")
        if len(os.fsencode(key)) > _LONGEST_KEY:
            raise UsageError(
                f"The key of {text} is longer than {_LONGEST_KEY:,} bytes, which no bucket allows.",
                hint="Choose a shorter prefix.",
            )
        return cls(found[1], key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}".rstrip("/")

    @property
    def name(self) -> str:
        """Return the last part of the address."""
        return self.key.rpartition("/")[2] or self.bucket

    @property
    def prefix(self) -> str:
        """Return what the keys of objects below the address begin with."""
        return f"{self.key}/" if self.key else ""

    def __truediv__(self, name: str) -> "BucketAddress":
        """Return the address of an object below this one."""
        return BucketAddress(self.bucket, self.prefix + name)


def find_bucket_address(path: object) -> BucketAddress | None:
    """Return the address in a bucket that was given as a path, or None.

    >>> str(find_bucket_address("s3:/bucket/a/")), find_bucket_address("photos")
    ('s3://bucket/a', None)

    Raises:
        UsageError: it begins like one, and is invalid.
    """
    if not isinstance(path, str | Path):
        return None
    text = os.fsdecode(path)
    return BucketAddress.parse(text) if _START.match(text) else None
