"""Selection of the object store of an address."""

from discern.buckets.bucket_address import BucketAddress
from discern.buckets.object_store import ObjectStore


def open_store(address: BucketAddress) -> ObjectStore:
    """Open the bucket of an address.

    Raises:
        UsageError: a library is not installed, there are no credentials, or the settings of AWS are invalid.
    """
    from discern.buckets.s3_store import S3Store  # noqa: PLC0415 - needs libraries that few commands need

    return S3Store(address.bucket)
