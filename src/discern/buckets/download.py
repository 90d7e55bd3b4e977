"""Downloads of objects into files, in parallel, verified, and resumed where they stopped."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from discern.atomic import UNFINISHED, atomic_write
from discern.buckets.etags import MIB, matches
from discern.buckets.object_store import ObjectStore, RemoteObject
from discern.buckets.transfer_count import TransferCount
from discern.errors import UsageError
from discern.parallel import ThreadExecutor, map_in_order

THREADS = 16  # not tuned: most of a small object's time is waiting
_WINDOW = 4 * THREADS
RANGE_BYTES = 8 * MIB
"""Objects above this size are read in ranges of it, which are what an interrupted download keeps."""
_RANGES_AHEAD = 8
_ATTEMPTS = 3  # of an object that arrives with another content


class Download(NamedTuple):
    """An object and the path of its copy."""

    found: RemoteObject
    path: Path


def download_all(store: ObjectStore, downloads: Sequence[Download], count: TransferCount) -> None:
    """Download objects into files, each of which appears complete and verified or not at all.

    Args:
        store: their store.
        downloads: objects with paths; folders are created.
        count: count of the bytes.

    Raises:
        UsageError: an object cannot be read, arrives damaged again and again, or cannot be written.
        CatalogError: an object has changed since it was listed.
    """
    small = [each for each in downloads if each.found.size <= RANGE_BYTES]
    for folder in dict.fromkeys(each.path.parent for each in downloads):
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
    with ThreadExecutor(THREADS) as executor:
        for _ in map_in_order(partial(_download_small, store, count), small, executor=executor, window=_WINDOW):
            pass
        for each in downloads:
            if each.found.size > RANGE_BYTES:
                _download_large(store, each, count, executor)


def unfinished_path(path: Path, found: RemoteObject) -> Path:
    """Return the path of a large object's copy while it arrives, which depends on the object's content."""
    digest = hashlib.sha256(f"{found.key}\n{found.size}\n{found.etag}".encode()).hexdigest()
    return path.with_name(f".{path.name[:40]}.{digest[:8]}{UNFINISHED}")


def _download_small(store: ObjectStore, count: TransferCount, download: Download) -> None:
    found, path = download
    for _ in range(_ATTEMPTS):
        data = store.read(found, 0, found.size)
        if matches(data, found, store.describe) is not False:
            break
    else:
        raise _damaged(found)
    with _writing(path), atomic_write(path) as temporary:
        temporary.write_bytes(data)
    count.add(len(data))


def _download_large(store: ObjectStore, download: Download, count: TransferCount, executor: ThreadExecutor) -> None:
    """Download a large object in ranges that are read in parallel and appended in order.

    So what an interrupted download leaves is the beginning of the object, whose length says where to continue.
    """
    found, path = download
    unfinished = unfinished_path(path, found)
    with _writing(path):
        for _ in range(_ATTEMPTS):
            start = unfinished.stat().st_size // RANGE_BYTES * RANGE_BYTES if unfinished.exists() else 0
            count.add(start)
            with unfinished.open("r+b" if unfinished.exists() else "xb") as file:
                file.truncate(start)
                file.seek(start)
                spans = ((at, min(at + RANGE_BYTES, found.size)) for at in range(start, found.size, RANGE_BYTES))
                read = partial(_read_span, store, found)
                for data in map_in_order(read, spans, executor=executor, window=_RANGES_AHEAD):
                    file.write(data)
                    count.add(len(data))
            if matches(unfinished, found, store.describe) is not False:
                os.replace(unfinished, path)  # noqa: PTH105 - one call that is atomic on every system
                return
            unfinished.unlink()
            count.add(-found.size)
    raise _damaged(found)


def _read_span(store: ObjectStore, found: RemoteObject, span: tuple[int, int]) -> bytes:
    return store.read(found, *span)


def _damaged(found: RemoteObject) -> UsageError:
    return UsageError(
        f"{found.key} arrived several times with other content than its checksum (ETag {found.etag}) says.",
        hint="Something between this machine and the bucket alters it; check proxies, and run the command again.",
    )


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Free disk space, or choose another folder.",
        ) from error
