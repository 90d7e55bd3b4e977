"""Local copies of what lies in a bucket, kept in the cache directory, for everything that reads files."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from discern.atomic import atomic_write
from discern.buckets.bucket_address import BucketAddress, find_bucket_address
from discern.buckets.download import Download, download_all
from discern.buckets.listed_objects import ListedObjects, find_shards_above, list_objects, nothing_at
from discern.buckets.object_store import ObjectStore
from discern.buckets.open_store import open_store
from discern.buckets.shards import unpack_shard
from discern.buckets.transfer_count import TransferCount
from discern.errors import StoreError
from discern.progress import Progress, silent
from discern.store import BUCKETS, default_folder, private_folder

_RECORD = "objects.json"
_WRITTEN = "written.json"
_DIGITS = 16
_COPY = re.compile(rf"(?P<copy>.*/{BUCKETS}/[0-9a-f]{{{_DIGITS}}}/[0-9a-f]{{{_DIGITS}}})/[^/]+(?P<rest>.*)", re.DOTALL)


def mirror(
    address: BucketAddress, *, cache: Path, progress: Progress = silent, store: ObjectStore | None = None
) -> Path:
    """Return the path of a local copy of an object, or of all objects below a prefix.

    What the cache holds with the same ETag and size is not fetched again. A copy is never changed: other objects at the
    address make another one, which shares unchanged files with it by hard links, so that a process that reads one is
    never disturbed.

    Args:
        address: the address.
        cache: cache directory.
        progress: called with the stage, megabytes done and megabytes in all.
        store: its object store; None opens the bucket of the address.

    Returns:
        A file or a folder with the last part of the address as its name.

    Raises:
        CatalogError: nothing is at the address, it changes meanwhile, or its shards are damaged.
        UsageError: the bucket cannot be read.
        StoreError: the copy cannot be written.
    """
    store = open_store(address) if store is None else store
    packed = find_shards_above(store, address)
    if packed is not None:
        path = mirror(packed, cache=cache, progress=progress, store=store) / address.key.removeprefix(packed.prefix)
        if not path.exists():
            raise nothing_at(address)
        return path
    listed = list_objects(store, address, progress)
    content = _content(listed)
    place = private_folder(cache, BUCKETS) / _digest([store.identity, str(address)])
    copy = place / _digest(content)
    target = copy / address.name
    try:
        copy.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(place / ".lock", mode=0o600):
            if not _is_complete(copy, target, content):
                _fill(store, listed, place, target, progress)
                with atomic_write(copy / _RECORD, private=True) as temporary:
                    temporary.write_text(json.dumps(content), encoding="ascii")
        os.utime(copy)  # what was used last is removed last
    except OSError as error:
        raise StoreError(
            f"The copy of {address} at {copy} cannot be written: {error.strerror or error}.",
            hint="Free disk space, or choose another folder with --cache.",
        ) from error
    return target


def staging_folder(store: ObjectStore, address: BucketAddress, *, cache: Path) -> Path:
    """Return the folder of a cache directory in which what is to be copied to an address is written first."""
    place = private_folder(cache, BUCKETS) / _digest([store.identity, str(address)]) / _digest("written")
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with atomic_write(place / _WRITTEN, private=True) as temporary:
            temporary.write_text(json.dumps({"address": str(address)}), encoding="ascii")
    except OSError as error:
        raise StoreError(
            f"{place} cannot be written: {error.strerror or error}.", hint="Free disk space in the cache directory."
        ) from error
    return place


def fetch(path: str | Path) -> str | Path:
    """Return the path of the local copy for an address in a bucket, in the user's cache, and any other path as it is.

    Raises:
        DiscernError: as `mirror`.
    """
    address = find_bucket_address(path)
    return path if address is None else mirror(address, cache=default_folder())


def address_of(path: str) -> str:
    """Return the address in a bucket that a path in a local copy stands for, and any other path as it is."""
    found = _COPY.fullmatch(Path(path).as_posix())
    start = None if found is None else _address_of_copy(found["copy"])
    return path if found is None or start is None else f"{start}{found['rest']}"


@lru_cache(maxsize=64)
def _address_of_copy(copy: str) -> str | None:
    for name in (_RECORD, _WRITTEN):
        with suppress(OSError, ValueError, LookupError, TypeError):
            return str(json.loads(Path(copy, name).read_text(encoding="ascii"))["address"])
    return None


def cached_copies(cache: Path) -> dict[Path, int]:
    """Return the folders of complete copies in a cache directory, with their bytes."""
    return {
        record.parent: sum(each.stat().st_size for each in record.parent.rglob("*") if each.is_file())
        for record in cache.glob(f"{BUCKETS}/*/*/{_RECORD}")
    }


def remove_copy(copy: Path) -> None:
    """Remove a copy; one that is being read fails there, and is fetched again by the next command."""
    (copy / _RECORD).unlink(missing_ok=True)
    shutil.rmtree(copy, ignore_errors=True)


def _fill(store: ObjectStore, listed: ListedObjects, place: Path, target: Path, progress: Progress) -> None:
    folder = target.parent if listed.is_object else target
    folder.mkdir(exist_ok=True)
    for name in listed.folders:
        (folder / name).mkdir(parents=True, exist_ok=True)
    former = dict(_former_files(place))
    count = TransferCount("downloading", progress, listed.bytes)
    missing = []
    for name, found in listed.files.items():
        path = folder / name
        if _has_size(path, found.size) or _link(former.get((name, found.size, found.etag)), path):
            count.add(found.size)
        else:
            missing.append(Download(found, path))
    download_all(store, missing, count)
    for shard, found in listed.shards:
        packed, done = target.parent / shard.name, target.parent / f"{shard.name}.done"
        if not done.exists():
            if not packed.exists():
                download_all(store, [Download(found, packed)], count)
            unpack_shard(packed, shard, folder)
            done.touch()
            packed.unlink()
        else:
            count.add(found.size)


def _former_files(place: Path) -> Iterator[tuple[tuple[str, int, str], Path]]:
    """Yield name, size and ETag of each file of the other copies of the address, with its path."""
    for record in place.glob(f"*/{_RECORD}"):
        with suppress(OSError, ValueError, LookupError, TypeError):
            content: dict[str, Any] = json.loads(record.read_text(encoding="ascii"))
            folder = record.parent if content["object"] else record.parent / content["name"]
            for name, size, etag in content["files"]:
                yield (name, size, etag), folder / name


def _has_size(path: Path, size: int) -> bool:
    try:
        return os.stat(path).st_size == size  # noqa: PTH116 - faster for many
    except OSError:
        return False


def _link(former: Path | None, path: Path) -> bool:
    """Link to a file of another copy, or return False if that is not possible."""
    if former is None or os.path.lexists(path):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(former, path)
    except OSError:
        return False
    return True


def _is_complete(copy: Path, target: Path, content: dict[str, Any]) -> bool:
    """Return True if a copy was completed, and nobody has removed or cut a file of it."""
    if not (copy / _RECORD).exists():
        return False
    folder = copy if content["object"] else target
    return target.exists() and all(_has_size(folder / name, size) for name, size, _ in content["files"])


def _content(listed: ListedObjects) -> dict[str, Any]:
    return {
        "address": str(listed.address),
        "name": listed.address.name,
        "object": listed.is_object,
        "files": [[name, each.size, each.etag] for name, each in listed.files.items()],
        "folders": listed.folders,
        "shards": [shard.sha256 for shard, _ in listed.shards],
    }


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_DIGITS]
