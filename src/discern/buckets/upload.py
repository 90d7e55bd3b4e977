"""Uploads of files to a bucket, in parallel, leaving out what is there with the same content."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from discern.buckets.download import THREADS
from discern.buckets.etags import MIB, matches
from discern.buckets.object_store import ObjectStore, RemoteObject
from discern.buckets.transfer_count import TransferCount
from discern.errors import UsageError
from discern.parallel import ThreadExecutor, map_in_order

LARGE_BYTES = 32 * MIB
"""Files above this size are written in parts, which are what an interrupted upload keeps."""


class Upload(NamedTuple):
    """A file, its size when it was listed, and the key of the object to write; a folder is written as a mark."""

    path: Path
    size: int
    key: str


def upload_all(
    store: ObjectStore, uploads: Sequence[Upload], there: Mapping[str, RemoteObject], count: TransferCount
) -> None:
    """Upload files, each of which appears complete or not at all.

    Args:
        store: where to.
        uploads: files with keys.
        there: objects in the bucket, by key; a file is left out if its object has the same content.
        count: count of the bytes, and of files that are left out or replace another content.

    Raises:
        UsageError: a file cannot be read, or changes meanwhile, or an object cannot be written.
    """
    with ThreadExecutor(THREADS) as executor:
        upload = partial(_upload, store, there)
        small = [each for each in uploads if each.size <= LARGE_BYTES]
        results = map_in_order(upload, small, executor=executor, window=4 * THREADS)
        for each, state in zip(small, results, strict=True):
            _add(count, state, 0 if each.key.endswith("/") else each.size)
    for each in uploads:
        if each.size > LARGE_BYTES:
            _add(count, _upload_large(store, there, each, count), 0)


def _add(count: TransferCount, state: str, size: int) -> None:
    count.resumed += state == "same"
    count.replaced += state == "other"
    count.add(size)


def _upload(store: ObjectStore, there: Mapping[str, RemoteObject], upload: Upload) -> str:
    """Upload a file unless it is there, and return "new", "same" or "other", or "folder" for the mark of one."""
    if upload.key.endswith("/"):
        if upload.key not in there:
            store.write(upload.key, b"")
        return "folder"
    with _reading(upload.path):
        state = _compare(store, upload, there)
        if state != "same":
            data = upload.path.read_bytes()
            if len(data) != upload.size:
                raise _changed(upload.path)
            store.write(upload.key, data)
    return state


def _upload_large(store: ObjectStore, there: Mapping[str, RemoteObject], upload: Upload, count: TransferCount) -> str:
    with _reading(upload.path):
        before = upload.path.stat()
        state = _compare(store, upload, there)
        if state == "same":
            count.add(upload.size)
            return state
        store.write_file(upload.key, upload.path, count.add)
        after = upload.path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise _changed(upload.path)
    return state


def _compare(store: ObjectStore, upload: Upload, there: Mapping[str, RemoteObject]) -> str:
    found = there.get(upload.key)
    if found is None:
        return "new"
    return "same" if matches(upload.path, found, store.describe) else "other"


def _changed(path: Path) -> UsageError:
    return UsageError(
        f"{path} has changed while it was read.", hint="Run the command again when nothing writes to the folder."
    )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno is None:  # one of a client library
            raise
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", hint="Check its permissions, or remove it."
        ) from error
