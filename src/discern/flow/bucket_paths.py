"""Functions that let paths of sources, bundles and outputs be addresses in buckets."""

from pathlib import Path

from discern.buckets.bucket_address import find_bucket_address
from discern.buckets.mirror import mirror
from discern.flow.paths import resolve_path
from discern.progress import Progress, silent


def resolve_source(source: str | Path) -> str:
    """Return the absolute path of a source given by the user, or its address in a bucket, as text.

    Raises:
        UsageError: the path or the address is invalid.
    """
    address = find_bucket_address(source)
    return str(resolve_path(source)) if address is None else str(address)


def local_source(source: str | Path, *, cache: Path, progress: Progress = silent) -> Path:
    """Return the absolute path of a source, or that of the local copy of what lies at its address in a bucket.

    Args:
        source: path or address.
        cache: cache directory, for copies.
        progress: called with the stage, megabytes done and megabytes in all.

    Raises:
        CatalogError: nothing is at the address.
        UsageError: the path is invalid, or the bucket cannot be read.
    """
    address = find_bucket_address(source)
    return resolve_path(source) if address is None else mirror(address, cache=cache, progress=progress)
