"""Context manager for the captured requests to read: on this machine, or copied from a bucket."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from discern.bundle.url_paths import url_of
from discern.catalog.formats.capture_file import MAX_BYTES
from discern.catalog.formats.captured_traffic import may_be_capture
from discern.errors import CatalogError
from discern.flow.paths import resolve_path
from discern.progress import Progress
from discern.shipping.aws.bucket_copy import copy_objects


@dataclass(frozen=True, kw_only=True)
class CapturedSource:
    """Place of captured requests.

    Attributes:
        path: folder or file to read.
        address: the place as the user knows it.
        name: its last part, for titles.
    """

    path: Path
    address: str
    name: str


@contextmanager
def open_captured(
    source: str | Path, progress: Progress, *, wanted: Callable[[str], bool] = may_be_capture
) -> Iterator[CapturedSource]:
    """Context manager for the captured requests at a path, or at an address in a bucket (`s3://`).

    Args:
        source: the path or the address.
        progress: called with the stage, items done and items in all.
        wanted: tells by its name whether an object in a bucket is copied.

    Raises:
        CatalogError: nothing is at the address.
        UsageError: the path is invalid, or the bucket cannot be read.
    """
    address = url_of(os.fsdecode(source)) if isinstance(source, str | os.PathLike) else None
    if address is None or not address.startswith("s3://"):
        path = resolve_path(source)
        yield CapturedSource(path=path, address=str(path), name=path.name)
        return
    with TemporaryDirectory(prefix="discern-captured-") as temporary:
        folder = Path(temporary)
        if not copy_objects(address, folder, wanted=wanted, max_bytes=MAX_BYTES, progress=progress):
            hint = "Data capture writes .jsonl files below a prefix of the bucket; pass that prefix."
            raise CatalogError(f"{address} has no captured request.", hint=hint)
        yield CapturedSource(path=folder, address=address, name=PurePosixPath(address).name)
